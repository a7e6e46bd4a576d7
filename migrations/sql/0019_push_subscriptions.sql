-- Browsers in which a user turned on push notifications (webapp/push/). An endpoint is one browser, so it has one user.
CREATE TABLE push_subscriptions (
    tenant_id bigint NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    user_id bigint NOT NULL,
    endpoint text NOT NULL,
    p256dh text NOT NULL,
    auth text NOT NULL,
    -- The path of Doorbell on its host, for links.
    base_path text NOT NULL,
    -- The sign-in of that browser. A push is sent while it is valid.
    session_id uuid NOT NULL,
    session_ends timestamptz NOT NULL,
    sessions_from timestamptz,
    -- The notifications that this snapshot sees were sent, or are older than the subscription.
    seen pg_snapshot DEFAULT pg_current_snapshot() NOT NULL,
    -- Not before this moment: a lease while a push is sent, a pause after a failure.
    due_at timestamptz DEFAULT now() NOT NULL,
    failing_since timestamptz,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_push_subscriptions PRIMARY KEY (tenant_id, id),
    CONSTRAINT uq_push_subscriptions_endpoint UNIQUE (endpoint),
    CONSTRAINT fk_push_subscriptions_tenant_id_user_id_users FOREIGN KEY (tenant_id, user_id)
        REFERENCES users (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT ck_push_subscriptions_endpoint_length CHECK (length(endpoint) <= 2048)
);
CREATE INDEX ix_push_subscriptions_user ON push_subscriptions (tenant_id, user_id);
CREATE INDEX ix_push_subscriptions_session ON push_subscriptions (session_id);
COMMENT ON INDEX ix_push_subscriptions_user IS 'push/subscriptions.py: the browsers of a user; the foreign key to users';
COMMENT ON INDEX ix_push_subscriptions_session IS 'push/subscriptions.py: the subscription of a session that ends';
