-- The relay: where events are sent (webapp/relay/), what was acknowledged, what was refused, and each webhook's deliveries.
CREATE TABLE relay_destinations (
    id bigint GENERATED ALWAYS AS IDENTITY,
    name text NOT NULL,
    kind text NOT NULL,
    url text NOT NULL,
    secrets bytea,
    tenant_id bigint,
    types text[],
    recorded_from timestamptz,
    state text DEFAULT 'active' NOT NULL,
    state_reason text,
    state_at timestamptz DEFAULT now() NOT NULL,
    fence bigint DEFAULT 0 NOT NULL,
    holder text,
    next_sequence bigint DEFAULT 1 NOT NULL,
    incarnation integer DEFAULT 1 NOT NULL,
    sent bigint DEFAULT 0 NOT NULL,
    last_sent_at timestamptz,
    failing_since timestamptz,
    last_error text,
    last_error_at timestamptz,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_relay_destinations PRIMARY KEY (id),
    CONSTRAINT uq_relay_destinations_name UNIQUE (name),
    CONSTRAINT fk_relay_destinations_tenant_id_tenants FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE,
    CONSTRAINT ck_relay_destinations_name CHECK (name ~ '^[a-z0-9][a-z0-9_-]{0,39}$'),
    CONSTRAINT ck_relay_destinations_kind CHECK (kind IN ('redis', 'nats', 'amqp', 'kafka', 'webhook')),
    CONSTRAINT ck_relay_destinations_state CHECK (state IN ('active', 'paused', 'disabled'))
);

-- One row per page of acknowledged events, not per event: `positions` has one text per element of `event_ids`.
CREATE TABLE relay_receipts (
    id bigint GENERATED ALWAYS AS IDENTITY,
    destination_id bigint NOT NULL,
    events int8range NOT NULL,
    event_ids bigint[] NOT NULL,
    positions text[] NOT NULL,
    acknowledged_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_relay_receipts PRIMARY KEY (id),
    CONSTRAINT fk_relay_receipts_destination_id_relay_destinations FOREIGN KEY (destination_id)
        REFERENCES relay_destinations (id) ON DELETE CASCADE,
    CONSTRAINT ck_relay_receipts_positions CHECK (cardinality(positions) = cardinality(event_ids))
);
CREATE INDEX ix_relay_receipts_events ON relay_receipts USING gist (events);
CREATE INDEX ix_relay_receipts_destination ON relay_receipts (destination_id, acknowledged_at);

-- Dead letters, and the later events of their orders. A row without a reason waits behind an earlier one of its order.
CREATE TABLE relay_held_events (
    destination_id bigint NOT NULL,
    event_id bigint NOT NULL,
    recorded_at timestamptz NOT NULL,
    tenant_id bigint NOT NULL,
    order_id bigint NOT NULL,
    event jsonb NOT NULL,
    reason text,
    attempts integer DEFAULT 0 NOT NULL,
    held_at timestamptz DEFAULT now() NOT NULL,
    last_attempt_at timestamptz,
    requested text,
    requested_at timestamptz,
    CONSTRAINT pk_relay_held_events PRIMARY KEY (destination_id, event_id, recorded_at),
    CONSTRAINT fk_relay_held_events_destination_id_relay_destinations FOREIGN KEY (destination_id)
        REFERENCES relay_destinations (id) ON DELETE CASCADE,
    CONSTRAINT ck_relay_held_events_requested CHECK (requested IN ('retry', 'skip')),
    CONSTRAINT ck_relay_held_events_requested_at CHECK ((requested IS NULL) = (requested_at IS NULL))
);
CREATE INDEX ix_relay_held_events_order ON relay_held_events (destination_id, order_id, event_id);
CREATE INDEX ix_relay_held_events_tenant ON relay_held_events (tenant_id, order_id);

-- Events that are sent again, beside the destination's own reading.
CREATE TABLE relay_replays (
    id bigint GENERATED ALWAYS AS IDENTITY,
    destination_id bigint NOT NULL,
    recorded_from timestamptz NOT NULL,
    recorded_before timestamptz NOT NULL,
    tenant_id bigint,
    types text[],
    events_per_second integer NOT NULL,
    state text DEFAULT 'running' NOT NULL,
    sent bigint DEFAULT 0 NOT NULL,
    refused bigint DEFAULT 0 NOT NULL,
    requested_by text NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    finished_at timestamptz,
    CONSTRAINT pk_relay_replays PRIMARY KEY (id),
    CONSTRAINT fk_relay_replays_destination_id_relay_destinations FOREIGN KEY (destination_id)
        REFERENCES relay_destinations (id) ON DELETE CASCADE,
    CONSTRAINT fk_relay_replays_tenant_id_tenants FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE,
    CONSTRAINT ck_relay_replays_state CHECK (state IN ('running', 'done', 'cancelled'))
);
CREATE INDEX ix_relay_replays_destination ON relay_replays (destination_id, id);

-- The audit log. It keeps the name of a removed destination.
CREATE TABLE relay_audit (
    id bigint GENERATED ALWAYS AS IDENTITY,
    at timestamptz DEFAULT now() NOT NULL,
    destination text NOT NULL,
    tenant_id bigint,
    actor text NOT NULL,
    verb text NOT NULL,
    details text DEFAULT '' NOT NULL,
    CONSTRAINT pk_relay_audit PRIMARY KEY (id)
);
CREATE INDEX ix_relay_audit_destination ON relay_audit (destination, id);

-- One row per event and webhook, inserted in the transaction that moves the webhook's cursor.
CREATE TABLE webhook_deliveries (
    id bigint GENERATED ALWAYS AS IDENTITY,
    destination_id bigint NOT NULL,
    tenant_id bigint NOT NULL,
    order_id bigint NOT NULL,
    event_id bigint NOT NULL,
    type text NOT NULL,
    message_id text NOT NULL,
    body bytea NOT NULL,
    state text DEFAULT 'waiting' NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    next_at timestamptz DEFAULT now() NOT NULL,
    -- An earlier delivery of the order is open. As a column, because a search for one per waiting delivery takes a second at
    -- 100,000 of them.
    is_blocked boolean DEFAULT false NOT NULL,
    reason text,
    replay_id bigint,
    created_at timestamptz DEFAULT now() NOT NULL,
    done_at timestamptz,
    CONSTRAINT pk_webhook_deliveries PRIMARY KEY (id),
    CONSTRAINT fk_webhook_deliveries_destination_id_relay_destinations FOREIGN KEY (destination_id)
        REFERENCES relay_destinations (id) ON DELETE CASCADE,
    CONSTRAINT ck_webhook_deliveries_state CHECK (state IN ('waiting', 'delivered', 'dead', 'skipped'))
);
CREATE INDEX ix_webhook_deliveries_due ON webhook_deliveries (destination_id, is_blocked, next_at, id)
    WHERE state = 'waiting';
CREATE INDEX ix_webhook_deliveries_open ON webhook_deliveries (destination_id, order_id, coalesce(replay_id, 0), id)
    WHERE state IN ('waiting', 'dead');
CREATE INDEX ix_webhook_deliveries_dead ON webhook_deliveries (destination_id, id) WHERE state = 'dead';
CREATE INDEX ix_webhook_deliveries_recent ON webhook_deliveries (destination_id, id DESC);
CREATE INDEX ix_webhook_deliveries_order ON webhook_deliveries (tenant_id, order_id);
CREATE INDEX ix_webhook_deliveries_done ON webhook_deliveries (done_at);

-- One row per request. The answer is cut; the request's secrets are not kept.
CREATE TABLE webhook_attempts (
    id bigint GENERATED ALWAYS AS IDENTITY,
    delivery_id bigint NOT NULL,
    at timestamptz DEFAULT now() NOT NULL,
    status integer,
    error text,
    milliseconds integer NOT NULL,
    answer text,
    CONSTRAINT pk_webhook_attempts PRIMARY KEY (id),
    CONSTRAINT fk_webhook_attempts_delivery_id_webhook_deliveries FOREIGN KEY (delivery_id)
        REFERENCES webhook_deliveries (id) ON DELETE CASCADE
);
CREATE INDEX ix_webhook_attempts_delivery ON webhook_attempts (delivery_id, id);
CREATE INDEX ix_webhook_attempts_at ON webhook_attempts USING brin (at);

COMMENT ON INDEX ix_relay_receipts_events IS 'relay/journey.py: where one event was acknowledged';
COMMENT ON INDEX ix_relay_receipts_destination IS 'relay/retention.py: old receipts';
COMMENT ON INDEX ix_relay_held_events_order IS 'relay/held.py: the held events of an order, in order';
COMMENT ON INDEX ix_relay_held_events_tenant IS 'relay/journey.py: the held events of one order';
COMMENT ON INDEX ix_relay_replays_destination IS 'relay/replays.py: the running replays of a destination';
COMMENT ON INDEX ix_relay_audit_destination IS 'relay/audit.py: the newest entries of a destination';
COMMENT ON INDEX ix_webhook_deliveries_due IS 'relay/deliveries.py: the next deliveries of a webhook';
COMMENT ON INDEX ix_webhook_deliveries_open IS 'relay/deliveries.py: whether an earlier delivery of the order is open';
COMMENT ON INDEX ix_webhook_deliveries_dead IS 'queries/relay.py: whether a webhook has dead letters, and which';
COMMENT ON INDEX ix_webhook_deliveries_recent IS 'queries/relay.py: the newest deliveries of a webhook';
COMMENT ON INDEX ix_webhook_deliveries_order IS 'relay/journey.py: the deliveries of one order';
COMMENT ON INDEX ix_webhook_deliveries_done IS 'relay/retention.py: old deliveries';
COMMENT ON INDEX ix_webhook_attempts_at IS 'relay/retention.py: old attempts';
COMMENT ON INDEX ix_webhook_attempts_delivery IS 'the foreign key; queries/relay.py: the attempts of a delivery';
