-- The database after all migrations, written by `make schema`. The reasons are in migrations/sql.
-- Doorbell's schema is `public` here. order_events_make_partitions() creates the partitions by month, which are left out.


-- Tables ----------------------------------------------------------------------------------------------------------------------

CREATE TABLE outbox_readers (
    name text NOT NULL,
    snapshot pg_snapshot NOT NULL,
    system_identifier numeric(20,0) NOT NULL,
    timeline integer NOT NULL,
    drained_at timestamptz NOT NULL,
    redis_run_id text,
    target pg_snapshot,
    last_id bigint,
    CONSTRAINT ck_outbox_readers_diff CHECK (((target IS NULL) = (last_id IS NULL)))
);
ALTER TABLE outbox_readers ADD CONSTRAINT pk_outbox_readers PRIMARY KEY (name);

CREATE TABLE tenants (
    id bigint NOT NULL,
    slug varchar(63) NOT NULL,
    name text NOT NULL,
    timezone text NOT NULL,
    currency varchar(3) NOT NULL,
    locale text NOT NULL,
    next_number bigint DEFAULT 1001 NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    working_days smallint[] DEFAULT '{1,2,3,4,5}'::smallint[] NOT NULL,
    shows_ranking boolean DEFAULT true NOT NULL,
    team_visible boolean DEFAULT true NOT NULL,
    requires_second_factor boolean DEFAULT false NOT NULL,
    orders_keep_months smallint,
    orders_open_kept boolean DEFAULT true NOT NULL,
    orders_removed_before timestamptz,
    deletion_at timestamptz,
    CONSTRAINT ck_tenants_currency CHECK (((currency)::text ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT ck_tenants_locale_length CHECK ((length(locale) <= 100)),
    CONSTRAINT ck_tenants_name_length CHECK ((length(name) <= 500)),
    CONSTRAINT ck_tenants_orders_keep_months CHECK (((orders_keep_months >= 3) AND (orders_keep_months <= 240))),
    CONSTRAINT ck_tenants_slug CHECK (((slug)::text ~ '^[a-z0-9][a-z0-9-]*$'::text)),
    CONSTRAINT ck_tenants_timezone CHECK ((('2000-01-01 00:00:00'::timestamp AT TIME ZONE timezone) IS NOT NULL)),
    CONSTRAINT ck_tenants_timezone_length CHECK ((length(timezone) <= 100)),
    CONSTRAINT ck_tenants_working_days CHECK ((working_days <@ '{1,2,3,4,5,6,7}'::smallint[]))
);
ALTER TABLE tenants FORCE ROW LEVEL SECURITY;
ALTER TABLE tenants ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY ( SEQUENCE NAME tenants_id_seq START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1 );
ALTER TABLE tenants ADD CONSTRAINT pk_tenants PRIMARY KEY (id);
ALTER TABLE tenants ADD CONSTRAINT uq_tenants_id_currency UNIQUE (id, currency);
ALTER TABLE tenants ADD CONSTRAINT uq_tenants_slug UNIQUE (slug);

CREATE TABLE attach_problems (
    id bigint NOT NULL,
    attachment_id bigint NOT NULL,
    external_id text,
    code text NOT NULL,
    reason text NOT NULL,
    at timestamptz DEFAULT now() NOT NULL
);
ALTER TABLE attach_problems FORCE ROW LEVEL SECURITY;
ALTER TABLE attach_problems ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY ( SEQUENCE NAME attach_problems_id_seq START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1 );
ALTER TABLE attach_problems ADD CONSTRAINT pk_attach_problems PRIMARY KEY (id);

CREATE TABLE attachments (
    id bigint NOT NULL,
    name varchar(100) NOT NULL,
    relation regclass NOT NULL,
    tenant_id bigint,
    mapping jsonb NOT NULL,
    is_replica boolean DEFAULT false NOT NULL,
    state text DEFAULT 'backfilling'::text NOT NULL,
    last_key text[],
    rows_done bigint DEFAULT 0 NOT NULL,
    rows_total bigint DEFAULT 0 NOT NULL,
    fence xid8,
    created_by text NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    backfilled_at timestamptz,
    check_requested_at timestamptz,
    checked_at timestamptz,
    missing bigint DEFAULT 0 NOT NULL,
    stale bigint DEFAULT 0 NOT NULL,
    ghosts bigint DEFAULT 0 NOT NULL,
    fault text,
    CONSTRAINT ck_attachments_state CHECK ((state = ANY (ARRAY['backfilling'::text, 'live'::text])))
);
ALTER TABLE attachments FORCE ROW LEVEL SECURITY;
ALTER TABLE attachments ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY ( SEQUENCE NAME attachments_id_seq START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1 );
ALTER TABLE attachments ADD CONSTRAINT pk_attachments PRIMARY KEY (id);
ALTER TABLE attachments ADD CONSTRAINT uq_attachments_name UNIQUE (name);
ALTER TABLE attachments ADD CONSTRAINT uq_attachments_relation UNIQUE (relation);

CREATE TABLE audit_log (
    id bigint NOT NULL,
    at timestamptz DEFAULT clock_timestamp() NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    tenant_id bigint,
    kind text NOT NULL,
    origin text NOT NULL,
    actor_id bigint,
    actor_name text,
    subject_id bigint,
    subject text,
    subject_key text GENERATED ALWAYS AS (lower(subject)) STORED COLLATE pg_catalog."C",
    address text,
    session text,
    browser text,
    details jsonb DEFAULT '{}'::jsonb NOT NULL,
    erased_at timestamptz,
    CONSTRAINT ck_audit_log_actor_name_length CHECK ((length(actor_name) <= 500)),
    CONSTRAINT ck_audit_log_address_length CHECK ((length(address) <= 60)),
    CONSTRAINT ck_audit_log_browser_length CHECK ((length(browser) <= 100)),
    CONSTRAINT ck_audit_log_details_length CHECK (((jsonb_typeof(details) = 'object'::text) AND (length((details)::text) <= 20000))),
    CONSTRAINT ck_audit_log_kind CHECK ((kind ~ '^[a-z][a-z0-9_]{0,59}$'::text)),
    CONSTRAINT ck_audit_log_origin CHECK ((origin = ANY (ARRAY['browser'::text, 'command line'::text, 'worker'::text]))),
    CONSTRAINT ck_audit_log_session_length CHECK ((length(session) <= 60)),
    CONSTRAINT ck_audit_log_subject_length CHECK ((length(subject) <= 500))
);
ALTER TABLE audit_log FORCE ROW LEVEL SECURITY;
ALTER TABLE audit_log ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY ( SEQUENCE NAME audit_log_id_seq START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1 );
ALTER TABLE audit_log ADD CONSTRAINT pk_audit_log PRIMARY KEY (id);

CREATE TABLE audit_log_cursor (
    only_row boolean DEFAULT true NOT NULL,
    snapshot pg_snapshot NOT NULL,
    CONSTRAINT ck_audit_log_cursor_only_row CHECK (only_row)
);
ALTER TABLE audit_log_cursor ADD CONSTRAINT pk_audit_log_cursor PRIMARY KEY (only_row);

CREATE TABLE ended_sessions (
    id uuid NOT NULL,
    ended_at timestamptz DEFAULT now() NOT NULL,
    expires_at timestamptz NOT NULL
);
ALTER TABLE ended_sessions ADD CONSTRAINT pk_ended_sessions PRIMARY KEY (id);

CREATE TABLE order_events (
    id bigint NOT NULL,
    recorded_at timestamptz DEFAULT clock_timestamp() NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    tenant_id bigint NOT NULL,
    order_id bigint NOT NULL,
    type text NOT NULL,
    owner_id bigint,
    actor_id bigint,
    via text NOT NULL,
    amount_minor bigint,
    old_values jsonb,
    new_values jsonb,
    occurred_at timestamptz NOT NULL,
    claimed_actor_id bigint,
    written_by text DEFAULT SESSION_USER
)
PARTITION BY RANGE (recorded_at);
ALTER TABLE order_events FORCE ROW LEVEL SECURITY;
ALTER TABLE order_events ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY ( SEQUENCE NAME order_events_id_seq START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1 );
ALTER TABLE order_events ADD CONSTRAINT pk_order_events PRIMARY KEY (id, recorded_at);
CREATE TABLE order_events_default PARTITION OF order_events DEFAULT;

CREATE TABLE relay_audit (
    id bigint NOT NULL,
    at timestamptz DEFAULT now() NOT NULL,
    destination text NOT NULL,
    tenant_id bigint,
    actor text NOT NULL,
    verb text NOT NULL,
    details text DEFAULT ''::text NOT NULL
);
ALTER TABLE relay_audit FORCE ROW LEVEL SECURITY;
ALTER TABLE relay_audit ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY ( SEQUENCE NAME relay_audit_id_seq START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1 );
ALTER TABLE relay_audit ADD CONSTRAINT pk_relay_audit PRIMARY KEY (id);

CREATE TABLE privacy_jobs (
    id bigint NOT NULL,
    tenant_id bigint NOT NULL,
    kind text NOT NULL,
    subject text,
    names text[],
    pattern text,
    user_id bigint,
    pseudonym text NOT NULL,
    requested_by bigint,
    state text DEFAULT 'queued'::text NOT NULL,
    "position" jsonb DEFAULT '{}'::jsonb NOT NULL,
    pages_done bigint DEFAULT 0 NOT NULL,
    pages_total bigint DEFAULT 0 NOT NULL,
    counts jsonb DEFAULT '{}'::jsonb NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    fence bigint DEFAULT 0 NOT NULL,
    lease_until timestamptz,
    problem text,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    due_at timestamptz DEFAULT now() NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    started_at timestamptz,
    finished_at timestamptz,
    CONSTRAINT ck_privacy_jobs_kind CHECK ((kind = ANY (ARRAY['customer'::text, 'user'::text, 'tenant'::text]))),
    CONSTRAINT ck_privacy_jobs_state CHECK ((state = ANY (ARRAY['waiting'::text, 'queued'::text, 'running'::text, 'done'::text, 'failed'::text, 'cancelled'::text])))
);
ALTER TABLE privacy_jobs FORCE ROW LEVEL SECURITY;
ALTER TABLE privacy_jobs ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY ( SEQUENCE NAME privacy_jobs_id_seq START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1 );
ALTER TABLE privacy_jobs ADD CONSTRAINT pk_privacy_jobs PRIMARY KEY (id);
ALTER TABLE privacy_jobs ADD CONSTRAINT fk_privacy_jobs_tenant_id_tenants FOREIGN KEY (tenant_id) REFERENCES tenants(id) ON DELETE CASCADE;

CREATE TABLE users (
    id bigint NOT NULL,
    tenant_id bigint NOT NULL,
    email text NOT NULL,
    name text NOT NULL,
    role text DEFAULT 'sales'::text NOT NULL,
    password_hash text,
    created_at timestamptz DEFAULT now() NOT NULL,
    disabled_at timestamptz,
    sessions_from timestamptz,
    language text,
    theme text,
    shortcuts boolean DEFAULT true NOT NULL,
    second_factor_at timestamptz,
    CONSTRAINT ck_users_disabled_at CHECK (((disabled_at >= '1900-01-01 00:00:00+00'::timestamptz) AND (disabled_at <= '9000-01-01 00:00:00+00'::timestamptz))),
    CONSTRAINT ck_users_email_length CHECK ((length(email) <= 320)),
    CONSTRAINT ck_users_language CHECK (((length(language) <= 3) AND (language ~ '^[a-z]+$'::text))),
    CONSTRAINT ck_users_name_length CHECK ((length(name) <= 500)),
    CONSTRAINT ck_users_password_hash_length CHECK ((length(password_hash) <= 500)),
    CONSTRAINT ck_users_role CHECK ((role = ANY (ARRAY['viewer'::text, 'sales'::text, 'manager'::text, 'admin'::text]))),
    CONSTRAINT ck_users_second_factor_at CHECK (((second_factor_at >= '1900-01-01 00:00:00+00'::timestamptz) AND (second_factor_at <= '9000-01-01 00:00:00+00'::timestamptz))),
    CONSTRAINT ck_users_sessions_from CHECK (((sessions_from >= '1900-01-01 00:00:00+00'::timestamptz) AND (sessions_from <= '9000-01-01 00:00:00+00'::timestamptz))),
    CONSTRAINT ck_users_theme CHECK ((theme = ANY (ARRAY['light'::text, 'dark'::text])))
);
ALTER TABLE users FORCE ROW LEVEL SECURITY;
ALTER TABLE users ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY ( SEQUENCE NAME users_id_seq START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1 );
ALTER TABLE users ADD CONSTRAINT pk_users PRIMARY KEY (id);
ALTER TABLE users ADD CONSTRAINT uq_users_tenant_id_id UNIQUE (tenant_id, id);
ALTER TABLE users ADD CONSTRAINT fk_users_tenant_id FOREIGN KEY (tenant_id) REFERENCES tenants(id) ON DELETE CASCADE;

CREATE TABLE holidays (
    tenant_id bigint NOT NULL,
    day date NOT NULL,
    name text NOT NULL,
    CONSTRAINT ck_holidays_name CHECK (((name <> ''::text) AND (length(name) <= 100)))
);
ALTER TABLE holidays FORCE ROW LEVEL SECURITY;
ALTER TABLE holidays ADD CONSTRAINT pk_holidays PRIMARY KEY (tenant_id, day);
ALTER TABLE holidays ADD CONSTRAINT fk_holidays_tenant_id_tenants FOREIGN KEY (tenant_id) REFERENCES tenants(id) ON DELETE CASCADE;

CREATE TABLE relay_destinations (
    id bigint NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    url text NOT NULL,
    secrets bytea,
    tenant_id bigint,
    types text[],
    recorded_from timestamptz,
    state text DEFAULT 'active'::text NOT NULL,
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
    CONSTRAINT ck_relay_destinations_kind CHECK ((kind = ANY (ARRAY['redis'::text, 'nats'::text, 'amqp'::text, 'kafka'::text, 'webhook'::text]))),
    CONSTRAINT ck_relay_destinations_name CHECK ((name ~ '^[a-z0-9][a-z0-9_-]{0,39}$'::text)),
    CONSTRAINT ck_relay_destinations_state CHECK ((state = ANY (ARRAY['active'::text, 'paused'::text, 'disabled'::text])))
);
ALTER TABLE relay_destinations FORCE ROW LEVEL SECURITY;
ALTER TABLE relay_destinations ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY ( SEQUENCE NAME relay_destinations_id_seq START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1 );
ALTER TABLE relay_destinations ADD CONSTRAINT pk_relay_destinations PRIMARY KEY (id);
ALTER TABLE relay_destinations ADD CONSTRAINT uq_relay_destinations_name UNIQUE (name);
ALTER TABLE relay_destinations ADD CONSTRAINT fk_relay_destinations_tenant_id_tenants FOREIGN KEY (tenant_id) REFERENCES tenants(id) ON DELETE CASCADE;

CREATE TABLE rollup_rebuilds (
    tenant_id bigint NOT NULL,
    requested_at timestamptz DEFAULT clock_timestamp() NOT NULL,
    started_at timestamptz,
    finished_at timestamptz,
    attempts integer DEFAULT 0 NOT NULL,
    hours_done integer DEFAULT 0 NOT NULL,
    hours_total integer DEFAULT 0 NOT NULL,
    problem text,
    CONSTRAINT ck_rollup_rebuilds_problem CHECK ((length(problem) <= 10000))
);
ALTER TABLE rollup_rebuilds FORCE ROW LEVEL SECURITY;
ALTER TABLE rollup_rebuilds ADD CONSTRAINT rollup_rebuilds_pkey PRIMARY KEY (tenant_id);
ALTER TABLE rollup_rebuilds ADD CONSTRAINT rollup_rebuilds_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id) ON DELETE CASCADE;

CREATE TABLE rollups_daily (
    tenant_id bigint NOT NULL,
    day date NOT NULL,
    owner_id bigint NOT NULL,
    orders bigint NOT NULL,
    paid_orders bigint NOT NULL,
    revenue_minor bigint NOT NULL,
    refunded_minor bigint DEFAULT 0 NOT NULL
);
ALTER TABLE rollups_daily FORCE ROW LEVEL SECURITY;
ALTER TABLE rollups_daily ADD CONSTRAINT pk_rollups_daily PRIMARY KEY (tenant_id, day, owner_id);
ALTER TABLE rollups_daily ADD CONSTRAINT fk_rollups_daily_tenant_id FOREIGN KEY (tenant_id) REFERENCES tenants(id) ON DELETE CASCADE;

CREATE TABLE rollups_hourly (
    tenant_id bigint NOT NULL,
    hour timestamp NOT NULL,
    owner_id bigint NOT NULL,
    orders bigint NOT NULL,
    paid_orders bigint NOT NULL,
    revenue_minor bigint NOT NULL,
    refunded_minor bigint DEFAULT 0 NOT NULL
);
ALTER TABLE rollups_hourly FORCE ROW LEVEL SECURITY;
ALTER TABLE rollups_hourly ADD CONSTRAINT pk_rollups_hourly PRIMARY KEY (tenant_id, hour, owner_id);
ALTER TABLE rollups_hourly ADD CONSTRAINT fk_rollups_hourly_tenant_id FOREIGN KEY (tenant_id) REFERENCES tenants(id) ON DELETE CASCADE;

CREATE TABLE rollups_line_changes (
    id bigint NOT NULL,
    tenant_id bigint NOT NULL,
    order_id bigint NOT NULL
);
ALTER TABLE rollups_line_changes FORCE ROW LEVEL SECURITY;
ALTER TABLE rollups_line_changes ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY ( SEQUENCE NAME rollups_line_changes_id_seq START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1 );
ALTER TABLE rollups_line_changes ADD CONSTRAINT pk_rollups_line_changes PRIMARY KEY (id);
ALTER TABLE rollups_line_changes ADD CONSTRAINT fk_rollups_line_changes_tenant_id FOREIGN KEY (tenant_id) REFERENCES tenants(id) ON DELETE CASCADE;

CREATE TABLE rollups_products_daily (
    tenant_id bigint NOT NULL,
    day date NOT NULL,
    product text NOT NULL,
    orders bigint NOT NULL,
    paid_minor bigint NOT NULL
);
ALTER TABLE rollups_products_daily FORCE ROW LEVEL SECURITY;
ALTER TABLE rollups_products_daily ADD CONSTRAINT pk_rollups_products_daily PRIMARY KEY (tenant_id, day, product);
ALTER TABLE rollups_products_daily ADD CONSTRAINT fk_rollups_products_daily_tenant_id FOREIGN KEY (tenant_id) REFERENCES tenants(id) ON DELETE CASCADE;

CREATE TABLE rollups_products_hourly (
    tenant_id bigint NOT NULL,
    hour timestamp NOT NULL,
    product text NOT NULL,
    orders bigint NOT NULL,
    paid_minor bigint NOT NULL
);
ALTER TABLE rollups_products_hourly FORCE ROW LEVEL SECURITY;
ALTER TABLE rollups_products_hourly ADD CONSTRAINT pk_rollups_products_hourly PRIMARY KEY (tenant_id, hour, product);
ALTER TABLE rollups_products_hourly ADD CONSTRAINT fk_rollups_products_hourly_tenant_id FOREIGN KEY (tenant_id) REFERENCES tenants(id) ON DELETE CASCADE;

CREATE TABLE rollups_products_removed (
    tenant_id bigint NOT NULL,
    at timestamptz NOT NULL,
    product text NOT NULL,
    orders bigint NOT NULL,
    paid_minor bigint NOT NULL
);
ALTER TABLE rollups_products_removed FORCE ROW LEVEL SECURITY;
ALTER TABLE rollups_products_removed ADD CONSTRAINT pk_rollups_products_removed PRIMARY KEY (tenant_id, at, product);
ALTER TABLE rollups_products_removed ADD CONSTRAINT fk_rollups_products_removed_tenant_id FOREIGN KEY (tenant_id) REFERENCES tenants(id) ON DELETE CASCADE;

CREATE TABLE rollups_removed (
    tenant_id bigint NOT NULL,
    at timestamptz NOT NULL,
    owner_id bigint NOT NULL,
    orders bigint NOT NULL,
    paid_orders bigint NOT NULL,
    revenue_minor bigint NOT NULL,
    refunded_minor bigint NOT NULL
);
ALTER TABLE rollups_removed FORCE ROW LEVEL SECURITY;
ALTER TABLE rollups_removed ADD CONSTRAINT pk_rollups_removed PRIMARY KEY (tenant_id, at, owner_id);
ALTER TABLE rollups_removed ADD CONSTRAINT fk_rollups_removed_tenant_id FOREIGN KEY (tenant_id) REFERENCES tenants(id) ON DELETE CASCADE;

CREATE TABLE sso_connections (
    tenant_id bigint NOT NULL,
    issuer text NOT NULL,
    client_id text NOT NULL,
    client_secret bytea NOT NULL,
    button_text text,
    rules jsonb DEFAULT '[]'::jsonb NOT NULL,
    default_role text,
    passwords_off boolean DEFAULT false NOT NULL,
    changed_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT ck_sso_connections_button_text CHECK (((button_text <> ''::text) AND (length(button_text) <= 60))),
    CONSTRAINT ck_sso_connections_client_id CHECK (((client_id <> ''::text) AND (length(client_id) <= 500))),
    CONSTRAINT ck_sso_connections_default_role CHECK ((default_role = ANY (ARRAY['viewer'::text, 'sales'::text, 'manager'::text, 'admin'::text]))),
    CONSTRAINT ck_sso_connections_issuer CHECK (((issuer <> ''::text) AND (length(issuer) <= 500))),
    CONSTRAINT ck_sso_connections_rules CHECK ((jsonb_typeof(rules) = 'array'::text))
);
ALTER TABLE sso_connections FORCE ROW LEVEL SECURITY;
ALTER TABLE sso_connections ADD CONSTRAINT pk_sso_connections PRIMARY KEY (tenant_id);
ALTER TABLE sso_connections ADD CONSTRAINT fk_sso_connections_tenant_id_tenants FOREIGN KEY (tenant_id) REFERENCES tenants(id) ON DELETE CASCADE;

CREATE TABLE sso_domains (
    tenant_id bigint NOT NULL,
    domain text NOT NULL,
    added_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT ck_sso_domains_domain CHECK (((domain = lower(domain)) AND (domain ~~ '%_._%'::text) AND (length(domain) <= 253)))
);
ALTER TABLE sso_domains FORCE ROW LEVEL SECURITY;
ALTER TABLE sso_domains ADD CONSTRAINT pk_sso_domains PRIMARY KEY (tenant_id, domain);
ALTER TABLE sso_domains ADD CONSTRAINT uq_sso_domains_domain UNIQUE (domain);
ALTER TABLE sso_domains ADD CONSTRAINT fk_sso_domains_tenant_id_tenants FOREIGN KEY (tenant_id) REFERENCES tenants(id) ON DELETE CASCADE;

CREATE TABLE to_ship_samples (
    tenant_id bigint NOT NULL,
    at timestamptz NOT NULL,
    orders integer NOT NULL
);
ALTER TABLE to_ship_samples FORCE ROW LEVEL SECURITY;
ALTER TABLE to_ship_samples ADD CONSTRAINT pk_to_ship_samples PRIMARY KEY (tenant_id, at);
ALTER TABLE to_ship_samples ADD CONSTRAINT fk_to_ship_samples_tenant_id_tenants FOREIGN KEY (tenant_id) REFERENCES tenants(id) ON DELETE CASCADE;

CREATE TABLE uploads (
    tenant_id bigint NOT NULL,
    id bigint NOT NULL,
    name text NOT NULL,
    uploaded_by text NOT NULL,
    size_bytes bigint DEFAULT 0 NOT NULL,
    options jsonb DEFAULT '{}'::jsonb NOT NULL,
    state text DEFAULT 'uploading'::text NOT NULL,
    is_dry_run boolean DEFAULT true NOT NULL,
    version integer DEFAULT 0 NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    fence bigint DEFAULT 0 NOT NULL,
    lease_until timestamptz,
    is_cancel_requested boolean DEFAULT false NOT NULL,
    phase text,
    done_bytes bigint DEFAULT 0 NOT NULL,
    orders_to_place bigint,
    result jsonb,
    report_bytes bigint DEFAULT 0 NOT NULL,
    problem text,
    created_at timestamptz DEFAULT now() NOT NULL,
    changed_at timestamptz DEFAULT now() NOT NULL,
    queued_at timestamptz,
    finished_at timestamptz,
    imported_at timestamptz,
    CONSTRAINT ck_uploads_name_length CHECK ((length(name) <= 255)),
    CONSTRAINT ck_uploads_state CHECK ((state = ANY (ARRAY['uploading'::text, 'ready'::text, 'queued'::text, 'running'::text, 'done'::text, 'refused'::text, 'failed'::text, 'cancelled'::text]))),
    CONSTRAINT ck_uploads_uploaded_by_length CHECK ((length(uploaded_by) <= 900))
);
ALTER TABLE uploads FORCE ROW LEVEL SECURITY;
ALTER TABLE uploads ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY ( SEQUENCE NAME uploads_id_seq START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1 );
ALTER TABLE uploads ADD CONSTRAINT pk_uploads PRIMARY KEY (tenant_id, id);
ALTER TABLE uploads ADD CONSTRAINT fk_uploads_tenant_id_tenants FOREIGN KEY (tenant_id) REFERENCES tenants(id) ON DELETE CASCADE;

CREATE TABLE answered_challenges (
    tenant_id bigint NOT NULL,
    user_id bigint NOT NULL,
    challenge_hash bytea NOT NULL,
    answered_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT ck_answered_challenges_challenge_hash CHECK ((octet_length(challenge_hash) = 32))
);
ALTER TABLE answered_challenges FORCE ROW LEVEL SECURITY;
ALTER TABLE answered_challenges ADD CONSTRAINT pk_answered_challenges PRIMARY KEY (tenant_id, user_id, challenge_hash);
ALTER TABLE answered_challenges ADD CONSTRAINT fk_answered_challenges_tenant_id_user_id_users FOREIGN KEY (tenant_id, user_id) REFERENCES users(tenant_id, id) ON DELETE CASCADE;

CREATE TABLE authenticator_apps (
    tenant_id bigint NOT NULL,
    user_id bigint NOT NULL,
    secret bytea NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    confirmed_at timestamptz,
    last_step bigint DEFAULT 0 NOT NULL
);
ALTER TABLE authenticator_apps FORCE ROW LEVEL SECURITY;
ALTER TABLE authenticator_apps ADD CONSTRAINT pk_authenticator_apps PRIMARY KEY (tenant_id, user_id);
ALTER TABLE authenticator_apps ADD CONSTRAINT fk_authenticator_apps_tenant_id_user_id_users FOREIGN KEY (tenant_id, user_id) REFERENCES users(tenant_id, id) ON DELETE CASCADE;

CREATE TABLE invitations (
    tenant_id bigint NOT NULL,
    id bigint NOT NULL,
    email text NOT NULL,
    name text,
    role text NOT NULL,
    token_hash bytea NOT NULL,
    created_by bigint,
    created_at timestamptz DEFAULT now() NOT NULL,
    expires_at timestamptz NOT NULL,
    mailed_at timestamptz,
    accepted_at timestamptz,
    revoked_at timestamptz,
    CONSTRAINT ck_invitations_closed_once CHECK (((accepted_at IS NULL) OR (revoked_at IS NULL))),
    CONSTRAINT ck_invitations_email_length CHECK ((length(email) <= 320)),
    CONSTRAINT ck_invitations_name_length CHECK ((length(name) <= 500)),
    CONSTRAINT ck_invitations_role CHECK ((role = ANY (ARRAY['viewer'::text, 'sales'::text, 'manager'::text, 'admin'::text]))),
    CONSTRAINT ck_invitations_token_hash CHECK ((octet_length(token_hash) = 32))
);
ALTER TABLE invitations FORCE ROW LEVEL SECURITY;
ALTER TABLE invitations ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY ( SEQUENCE NAME invitations_id_seq START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1 );
ALTER TABLE invitations ADD CONSTRAINT pk_invitations PRIMARY KEY (tenant_id, id);
ALTER TABLE invitations ADD CONSTRAINT uq_invitations_id UNIQUE (id);
ALTER TABLE invitations ADD CONSTRAINT uq_invitations_token_hash UNIQUE (token_hash);
ALTER TABLE invitations ADD CONSTRAINT fk_invitations_created_by_users FOREIGN KEY (created_by) REFERENCES users(id) ON DELETE SET NULL;
ALTER TABLE invitations ADD CONSTRAINT fk_invitations_tenant_id_tenants FOREIGN KEY (tenant_id) REFERENCES tenants(id) ON DELETE CASCADE;

CREATE TABLE notification_preferences (
    tenant_id bigint NOT NULL,
    user_id bigint NOT NULL,
    kind text NOT NULL,
    toast boolean NOT NULL,
    sound boolean NOT NULL,
    desktop boolean NOT NULL,
    push boolean NOT NULL,
    muted_at timestamptz
);
ALTER TABLE notification_preferences FORCE ROW LEVEL SECURITY;
ALTER TABLE notification_preferences ADD CONSTRAINT pk_notification_preferences PRIMARY KEY (tenant_id, user_id, kind);
ALTER TABLE notification_preferences ADD CONSTRAINT fk_notification_preferences_tenant_id_user_id_users FOREIGN KEY (tenant_id, user_id) REFERENCES users(tenant_id, id) ON DELETE CASCADE;

CREATE TABLE orders (
    id bigint NOT NULL,
    tenant_id bigint NOT NULL,
    number text NOT NULL,
    customer text NOT NULL,
    owner_id bigint,
    currency varchar(3) NOT NULL,
    total_minor bigint NOT NULL,
    refunded_minor bigint DEFAULT 0 NOT NULL,
    placed_at timestamptz DEFAULT now() NOT NULL,
    paid_at timestamptz,
    shipped_at timestamptz,
    cancelled_at timestamptz,
    source text DEFAULT 'sql'::text NOT NULL,
    status text GENERATED ALWAYS AS (
CASE
    WHEN (cancelled_at IS NOT NULL) THEN 'cancelled'::text
    WHEN ((refunded_minor > 0) AND (refunded_minor >= total_minor)) THEN 'refunded'::text
    WHEN (shipped_at IS NOT NULL) THEN 'shipped'::text
    WHEN (paid_at IS NOT NULL) THEN 'paid'::text
    ELSE 'placed'::text
END) STORED NOT NULL,
    updated_at timestamptz DEFAULT now() NOT NULL,
    idempotency_key uuid,
    refunded_at timestamptz,
    external_id varchar(200),
    CONSTRAINT ck_orders_cancelled_at CHECK (((cancelled_at >= '1900-01-01 00:00:00+00'::timestamptz) AND (cancelled_at <= '9000-01-01 00:00:00+00'::timestamptz))),
    CONSTRAINT ck_orders_customer_length CHECK ((length(customer) <= 500)),
    CONSTRAINT ck_orders_number CHECK (((number <> ''::text) AND (length(number) <= 64))),
    CONSTRAINT ck_orders_paid_at CHECK (((paid_at >= '1900-01-01 00:00:00+00'::timestamptz) AND (paid_at <= '9000-01-01 00:00:00+00'::timestamptz))),
    CONSTRAINT ck_orders_placed_at CHECK (((placed_at >= '1900-01-01 00:00:00+00'::timestamptz) AND (placed_at <= '9000-01-01 00:00:00+00'::timestamptz))),
    CONSTRAINT ck_orders_refund_of_paid CHECK (((refunded_minor = 0) OR (paid_at IS NOT NULL))),
    CONSTRAINT ck_orders_refund_within_total CHECK (((refunded_minor >= 0) AND (refunded_minor <= total_minor))),
    CONSTRAINT ck_orders_refunded_at CHECK (((refunded_at >= '1900-01-01 00:00:00+00'::timestamptz) AND (refunded_at <= '9000-01-01 00:00:00+00'::timestamptz))),
    CONSTRAINT ck_orders_shipped_at CHECK (((shipped_at >= '1900-01-01 00:00:00+00'::timestamptz) AND (shipped_at <= '9000-01-01 00:00:00+00'::timestamptz))),
    CONSTRAINT ck_orders_source_length CHECK ((length(source) <= 100)),
    CONSTRAINT ck_orders_total CHECK (((total_minor >= 0) AND (total_minor <= '1000000000000000'::bigint)))
);
ALTER TABLE orders FORCE ROW LEVEL SECURITY;
ALTER TABLE orders ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY ( SEQUENCE NAME orders_id_seq START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1 );
ALTER TABLE orders ADD CONSTRAINT pk_orders PRIMARY KEY (id);
ALTER TABLE orders ADD CONSTRAINT uq_orders_tenant_id_id UNIQUE (tenant_id, id);
ALTER TABLE orders ADD CONSTRAINT uq_orders_tenant_id_number UNIQUE (tenant_id, number);
ALTER TABLE orders ADD CONSTRAINT fk_orders_tenant_id_currency FOREIGN KEY (tenant_id, currency) REFERENCES tenants(id, currency) ON DELETE CASCADE;
ALTER TABLE orders ADD CONSTRAINT fk_orders_tenant_id_owner_id FOREIGN KEY (tenant_id, owner_id) REFERENCES users(tenant_id, id);

CREATE TABLE passkeys (
    tenant_id bigint NOT NULL,
    id bigint NOT NULL,
    user_id bigint NOT NULL,
    name text NOT NULL,
    credential_id bytea NOT NULL,
    public_key bytea NOT NULL,
    sign_count bigint NOT NULL,
    transports text[] NOT NULL,
    is_synced boolean NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    last_used_at timestamptz,
    CONSTRAINT ck_passkeys_credential_id CHECK (((octet_length(credential_id) >= 1) AND (octet_length(credential_id) <= 1023))),
    CONSTRAINT ck_passkeys_name CHECK (((name <> ''::text) AND (length(name) <= 60)))
);
ALTER TABLE passkeys FORCE ROW LEVEL SECURITY;
ALTER TABLE passkeys ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY ( SEQUENCE NAME passkeys_id_seq START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1 );
ALTER TABLE passkeys ADD CONSTRAINT pk_passkeys PRIMARY KEY (tenant_id, id);
ALTER TABLE passkeys ADD CONSTRAINT uq_passkeys_credential_id UNIQUE (credential_id);
ALTER TABLE passkeys ADD CONSTRAINT fk_passkeys_tenant_id_user_id_users FOREIGN KEY (tenant_id, user_id) REFERENCES users(tenant_id, id) ON DELETE CASCADE;

CREATE TABLE password_resets (
    tenant_id bigint NOT NULL,
    token_hash bytea NOT NULL,
    user_id bigint NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    expires_at timestamptz NOT NULL,
    sessions_from timestamptz,
    CONSTRAINT ck_password_resets_token_hash CHECK ((octet_length(token_hash) = 32))
);
ALTER TABLE password_resets FORCE ROW LEVEL SECURITY;
ALTER TABLE password_resets ADD CONSTRAINT pk_password_resets PRIMARY KEY (tenant_id, token_hash);
ALTER TABLE password_resets ADD CONSTRAINT uq_password_resets_token_hash UNIQUE (token_hash);
ALTER TABLE password_resets ADD CONSTRAINT fk_password_resets_tenant_id_user_id_users FOREIGN KEY (tenant_id, user_id) REFERENCES users(tenant_id, id) ON UPDATE CASCADE ON DELETE CASCADE;

CREATE TABLE push_subscriptions (
    tenant_id bigint NOT NULL,
    id bigint NOT NULL,
    user_id bigint NOT NULL,
    endpoint text NOT NULL,
    p256dh text NOT NULL,
    auth text NOT NULL,
    base_path text NOT NULL,
    session_id uuid NOT NULL,
    session_ends timestamptz NOT NULL,
    sessions_from timestamptz,
    seen pg_snapshot DEFAULT pg_current_snapshot() NOT NULL,
    due_at timestamptz DEFAULT now() NOT NULL,
    failing_since timestamptz,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT ck_push_subscriptions_endpoint_length CHECK ((length(endpoint) <= 2048))
);
ALTER TABLE push_subscriptions FORCE ROW LEVEL SECURITY;
ALTER TABLE push_subscriptions ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY ( SEQUENCE NAME push_subscriptions_id_seq START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1 );
ALTER TABLE push_subscriptions ADD CONSTRAINT pk_push_subscriptions PRIMARY KEY (tenant_id, id);
ALTER TABLE push_subscriptions ADD CONSTRAINT uq_push_subscriptions_endpoint UNIQUE (endpoint);
ALTER TABLE push_subscriptions ADD CONSTRAINT fk_push_subscriptions_tenant_id_user_id_users FOREIGN KEY (tenant_id, user_id) REFERENCES users(tenant_id, id) ON DELETE CASCADE;

CREATE TABLE quiet_hours (
    tenant_id bigint NOT NULL,
    user_id bigint NOT NULL,
    starts time without time zone NOT NULL,
    ends time without time zone NOT NULL,
    CONSTRAINT ck_quiet_hours_length CHECK ((starts <> ends))
);
ALTER TABLE quiet_hours FORCE ROW LEVEL SECURITY;
ALTER TABLE quiet_hours ADD CONSTRAINT pk_quiet_hours PRIMARY KEY (tenant_id, user_id);
ALTER TABLE quiet_hours ADD CONSTRAINT fk_quiet_hours_tenant_id_user_id_users FOREIGN KEY (tenant_id, user_id) REFERENCES users(tenant_id, id) ON DELETE CASCADE;

CREATE TABLE recovery_codes (
    tenant_id bigint NOT NULL,
    user_id bigint NOT NULL,
    code_hash bytea NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    used_at timestamptz,
    CONSTRAINT ck_recovery_codes_code_hash CHECK ((octet_length(code_hash) = 32))
);
ALTER TABLE recovery_codes FORCE ROW LEVEL SECURITY;
ALTER TABLE recovery_codes ADD CONSTRAINT pk_recovery_codes PRIMARY KEY (tenant_id, user_id, code_hash);
ALTER TABLE recovery_codes ADD CONSTRAINT fk_recovery_codes_tenant_id_user_id_users FOREIGN KEY (tenant_id, user_id) REFERENCES users(tenant_id, id) ON DELETE CASCADE;

CREATE TABLE sales_targets (
    id bigint NOT NULL,
    tenant_id bigint NOT NULL,
    owner_id bigint,
    period text NOT NULL,
    amount_minor bigint NOT NULL,
    CONSTRAINT ck_sales_targets_amount CHECK (((amount_minor >= 1) AND (amount_minor <= '1000000000000000'::bigint))),
    CONSTRAINT ck_sales_targets_period CHECK ((period = ANY (ARRAY['day'::text, 'week'::text, 'month'::text])))
);
ALTER TABLE sales_targets FORCE ROW LEVEL SECURITY;
ALTER TABLE sales_targets ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY ( SEQUENCE NAME sales_targets_id_seq START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1 );
ALTER TABLE sales_targets ADD CONSTRAINT pk_sales_targets PRIMARY KEY (id);
ALTER TABLE sales_targets ADD CONSTRAINT fk_sales_targets_tenant_id_owner_id_users FOREIGN KEY (tenant_id, owner_id) REFERENCES users(tenant_id, id) ON DELETE CASCADE;
ALTER TABLE sales_targets ADD CONSTRAINT fk_sales_targets_tenant_id_tenants FOREIGN KEY (tenant_id) REFERENCES tenants(id) ON DELETE CASCADE;

CREATE TABLE sso_identities (
    tenant_id bigint NOT NULL,
    user_id bigint NOT NULL,
    issuer text NOT NULL,
    subject text NOT NULL,
    name text NOT NULL,
    email text NOT NULL,
    linked_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT ck_sso_identities_email_length CHECK ((length(email) <= 320)),
    CONSTRAINT ck_sso_identities_name_length CHECK ((length(name) <= 500)),
    CONSTRAINT ck_sso_identities_subject CHECK (((subject <> ''::text) AND (length(subject) <= 255)))
);
ALTER TABLE sso_identities FORCE ROW LEVEL SECURITY;
ALTER TABLE sso_identities ADD CONSTRAINT pk_sso_identities PRIMARY KEY (tenant_id, user_id);
ALTER TABLE sso_identities ADD CONSTRAINT uq_sso_identities_tenant_id_issuer_subject UNIQUE (tenant_id, issuer, subject);
ALTER TABLE sso_identities ADD CONSTRAINT fk_sso_identities_tenant_id_tenants FOREIGN KEY (tenant_id) REFERENCES tenants(id) ON DELETE CASCADE;
ALTER TABLE sso_identities ADD CONSTRAINT fk_sso_identities_tenant_id_user_id FOREIGN KEY (tenant_id, user_id) REFERENCES users(tenant_id, id) ON DELETE CASCADE;

CREATE TABLE tv_links (
    tenant_id bigint NOT NULL,
    id bigint NOT NULL,
    name text NOT NULL,
    token_hash bytea NOT NULL,
    screens text[] NOT NULL,
    screen_seconds smallint DEFAULT 20 NOT NULL,
    theme text DEFAULT 'auto'::text NOT NULL,
    hides_money boolean DEFAULT false NOT NULL,
    celebrates boolean DEFAULT true NOT NULL,
    language text,
    created_by bigint,
    created_at timestamptz DEFAULT now() NOT NULL,
    last_seen_at timestamptz,
    revoked_at timestamptz,
    CONSTRAINT ck_tv_links_name CHECK (((name <> ''::text) AND (length(name) <= 60))),
    CONSTRAINT ck_tv_links_screen_seconds CHECK (((screen_seconds >= 5) AND (screen_seconds <= 3600))),
    CONSTRAINT ck_tv_links_screens CHECK (((cardinality(screens) >= 1) AND (cardinality(screens) <= 8))),
    CONSTRAINT ck_tv_links_theme CHECK ((theme = ANY (ARRAY['light'::text, 'dark'::text, 'auto'::text]))),
    CONSTRAINT ck_tv_links_token_hash CHECK ((octet_length(token_hash) = 32))
);
ALTER TABLE tv_links FORCE ROW LEVEL SECURITY;
ALTER TABLE tv_links ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY ( SEQUENCE NAME tv_links_id_seq START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1 );
ALTER TABLE tv_links ADD CONSTRAINT pk_tv_links PRIMARY KEY (tenant_id, id);
ALTER TABLE tv_links ADD CONSTRAINT uq_tv_links_id UNIQUE (id);
ALTER TABLE tv_links ADD CONSTRAINT uq_tv_links_token_hash UNIQUE (token_hash);
ALTER TABLE tv_links ADD CONSTRAINT fk_tv_links_created_by_users FOREIGN KEY (created_by) REFERENCES users(id) ON DELETE SET NULL;
ALTER TABLE tv_links ADD CONSTRAINT fk_tv_links_tenant_id_tenants FOREIGN KEY (tenant_id) REFERENCES tenants(id) ON DELETE CASCADE;

CREATE TABLE user_sessions (
    tenant_id bigint NOT NULL,
    id uuid NOT NULL,
    user_id bigint NOT NULL,
    began_at timestamptz DEFAULT now() NOT NULL,
    seen_at timestamptz DEFAULT now() NOT NULL,
    ends_at timestamptz NOT NULL,
    sessions_from timestamptz,
    method text NOT NULL,
    address text NOT NULL,
    browser text NOT NULL,
    CONSTRAINT ck_user_sessions_address_length CHECK ((length(address) <= 100)),
    CONSTRAINT ck_user_sessions_browser_length CHECK ((length(browser) <= 100)),
    CONSTRAINT ck_user_sessions_method_length CHECK ((length(method) <= 40))
)
WITH (fillfactor='70');
ALTER TABLE user_sessions FORCE ROW LEVEL SECURITY;
ALTER TABLE user_sessions ADD CONSTRAINT pk_user_sessions PRIMARY KEY (tenant_id, id);
ALTER TABLE user_sessions ADD CONSTRAINT uq_user_sessions_id UNIQUE (id);
ALTER TABLE user_sessions ADD CONSTRAINT fk_user_sessions_tenant_id_user_id_users FOREIGN KEY (tenant_id, user_id) REFERENCES users(tenant_id, id) ON UPDATE CASCADE ON DELETE CASCADE;

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
    CONSTRAINT ck_relay_held_events_requested CHECK ((requested = ANY (ARRAY['retry'::text, 'skip'::text]))),
    CONSTRAINT ck_relay_held_events_requested_at CHECK (((requested IS NULL) = (requested_at IS NULL)))
);
ALTER TABLE relay_held_events FORCE ROW LEVEL SECURITY;
ALTER TABLE relay_held_events ADD CONSTRAINT pk_relay_held_events PRIMARY KEY (destination_id, event_id, recorded_at);
ALTER TABLE relay_held_events ADD CONSTRAINT fk_relay_held_events_destination_id_relay_destinations FOREIGN KEY (destination_id) REFERENCES relay_destinations(id) ON DELETE CASCADE;

CREATE TABLE relay_receipts (
    id bigint NOT NULL,
    destination_id bigint NOT NULL,
    events int8range NOT NULL,
    event_ids bigint[] NOT NULL,
    positions text[] NOT NULL,
    acknowledged_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT ck_relay_receipts_positions CHECK ((cardinality(positions) = cardinality(event_ids)))
);
ALTER TABLE relay_receipts FORCE ROW LEVEL SECURITY;
ALTER TABLE relay_receipts ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY ( SEQUENCE NAME relay_receipts_id_seq START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1 );
ALTER TABLE relay_receipts ADD CONSTRAINT pk_relay_receipts PRIMARY KEY (id);
ALTER TABLE relay_receipts ADD CONSTRAINT fk_relay_receipts_destination_id_relay_destinations FOREIGN KEY (destination_id) REFERENCES relay_destinations(id) ON DELETE CASCADE;

CREATE TABLE relay_replays (
    id bigint NOT NULL,
    destination_id bigint NOT NULL,
    recorded_from timestamptz NOT NULL,
    recorded_before timestamptz NOT NULL,
    tenant_id bigint,
    types text[],
    events_per_second integer NOT NULL,
    state text DEFAULT 'running'::text NOT NULL,
    sent bigint DEFAULT 0 NOT NULL,
    refused bigint DEFAULT 0 NOT NULL,
    requested_by text NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    finished_at timestamptz,
    CONSTRAINT ck_relay_replays_state CHECK ((state = ANY (ARRAY['running'::text, 'done'::text, 'cancelled'::text])))
);
ALTER TABLE relay_replays FORCE ROW LEVEL SECURITY;
ALTER TABLE relay_replays ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY ( SEQUENCE NAME relay_replays_id_seq START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1 );
ALTER TABLE relay_replays ADD CONSTRAINT pk_relay_replays PRIMARY KEY (id);
ALTER TABLE relay_replays ADD CONSTRAINT fk_relay_replays_destination_id_relay_destinations FOREIGN KEY (destination_id) REFERENCES relay_destinations(id) ON DELETE CASCADE;
ALTER TABLE relay_replays ADD CONSTRAINT fk_relay_replays_tenant_id_tenants FOREIGN KEY (tenant_id) REFERENCES tenants(id) ON DELETE CASCADE;

CREATE TABLE webhook_deliveries (
    id bigint NOT NULL,
    destination_id bigint NOT NULL,
    tenant_id bigint NOT NULL,
    order_id bigint NOT NULL,
    event_id bigint NOT NULL,
    type text NOT NULL,
    message_id text NOT NULL,
    body bytea NOT NULL,
    state text DEFAULT 'waiting'::text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    next_at timestamptz DEFAULT now() NOT NULL,
    is_blocked boolean DEFAULT false NOT NULL,
    reason text,
    replay_id bigint,
    created_at timestamptz DEFAULT now() NOT NULL,
    done_at timestamptz,
    CONSTRAINT ck_webhook_deliveries_state CHECK ((state = ANY (ARRAY['waiting'::text, 'delivered'::text, 'dead'::text, 'skipped'::text])))
);
ALTER TABLE webhook_deliveries FORCE ROW LEVEL SECURITY;
ALTER TABLE webhook_deliveries ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY ( SEQUENCE NAME webhook_deliveries_id_seq START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1 );
ALTER TABLE webhook_deliveries ADD CONSTRAINT pk_webhook_deliveries PRIMARY KEY (id);
ALTER TABLE webhook_deliveries ADD CONSTRAINT fk_webhook_deliveries_destination_id_relay_destinations FOREIGN KEY (destination_id) REFERENCES relay_destinations(id) ON DELETE CASCADE;

CREATE TABLE upload_chunks (
    tenant_id bigint NOT NULL,
    upload_id bigint NOT NULL,
    kind text NOT NULL,
    "position" integer NOT NULL,
    content bytea NOT NULL,
    CONSTRAINT ck_upload_chunks_kind CHECK ((kind = ANY (ARRAY['file'::text, 'report'::text])))
);
ALTER TABLE upload_chunks FORCE ROW LEVEL SECURITY;
ALTER TABLE upload_chunks ADD CONSTRAINT pk_upload_chunks PRIMARY KEY (tenant_id, upload_id, kind, "position");
ALTER TABLE upload_chunks ADD CONSTRAINT fk_upload_chunks_tenant_id_upload_id_uploads FOREIGN KEY (tenant_id, upload_id) REFERENCES uploads(tenant_id, id) ON DELETE CASCADE;

CREATE TABLE notifications (
    id bigint NOT NULL,
    tenant_id bigint NOT NULL,
    user_id bigint NOT NULL,
    order_id bigint,
    event_id bigint,
    type text NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    read_at timestamptz,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    destination_id bigint,
    destination text,
    error text,
    CONSTRAINT ck_notifications_subject CHECK (
CASE
    WHEN (destination_id IS NULL) THEN ((num_nonnulls(order_id, event_id) = 2) AND (num_nonnulls(destination, error) = 0))
    ELSE ((num_nonnulls(order_id, event_id) = 0) AND (destination IS NOT NULL))
END)
);
ALTER TABLE notifications FORCE ROW LEVEL SECURITY;
ALTER TABLE notifications ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY ( SEQUENCE NAME notifications_id_seq START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1 );
ALTER TABLE notifications ADD CONSTRAINT pk_notifications PRIMARY KEY (id);
ALTER TABLE notifications ADD CONSTRAINT uq_notifications_event_id_user_id UNIQUE (event_id, user_id);
ALTER TABLE notifications ADD CONSTRAINT fk_notifications_tenant_id_order_id FOREIGN KEY (tenant_id, order_id) REFERENCES orders(tenant_id, id) ON DELETE CASCADE;
ALTER TABLE notifications ADD CONSTRAINT fk_notifications_tenant_id_user_id FOREIGN KEY (tenant_id, user_id) REFERENCES users(tenant_id, id) ON DELETE CASCADE;

CREATE TABLE order_comments (
    id bigint NOT NULL,
    tenant_id bigint NOT NULL,
    order_id bigint NOT NULL,
    user_id bigint NOT NULL,
    written text NOT NULL,
    mentioned bigint[] DEFAULT '{}'::bigint[] NOT NULL,
    idempotency_key uuid NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT ck_order_comments_written CHECK (((written <> ''::text) AND (length(written) <= 2000)))
);
ALTER TABLE order_comments FORCE ROW LEVEL SECURITY;
ALTER TABLE order_comments ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY ( SEQUENCE NAME order_comments_id_seq START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1 );
ALTER TABLE order_comments ADD CONSTRAINT pk_order_comments PRIMARY KEY (id);
ALTER TABLE order_comments ADD CONSTRAINT uq_order_comments_tenant_id_user_id_idempotency_key UNIQUE (tenant_id, user_id, idempotency_key);
ALTER TABLE order_comments ADD CONSTRAINT fk_order_comments_tenant_id_order_id FOREIGN KEY (tenant_id, order_id) REFERENCES orders(tenant_id, id) ON DELETE CASCADE;
ALTER TABLE order_comments ADD CONSTRAINT fk_order_comments_tenant_id_user_id FOREIGN KEY (tenant_id, user_id) REFERENCES users(tenant_id, id) ON DELETE CASCADE;

CREATE TABLE order_lines (
    tenant_id bigint NOT NULL,
    order_id bigint NOT NULL,
    "position" integer NOT NULL,
    sku text DEFAULT ''::text NOT NULL,
    product text NOT NULL,
    quantity numeric(14,3) NOT NULL,
    unit_price_minor bigint NOT NULL,
    total_minor bigint NOT NULL,
    CONSTRAINT ck_order_lines_product_length CHECK ((length(product) <= 500)),
    CONSTRAINT ck_order_lines_quantity CHECK ((quantity > (0)::numeric)),
    CONSTRAINT ck_order_lines_sku_length CHECK ((length(sku) <= 500))
);
ALTER TABLE order_lines FORCE ROW LEVEL SECURITY;
ALTER TABLE order_lines ADD CONSTRAINT pk_order_lines PRIMARY KEY (tenant_id, order_id, "position");
ALTER TABLE order_lines ADD CONSTRAINT fk_order_lines_tenant_id_order_id FOREIGN KEY (tenant_id, order_id) REFERENCES orders(tenant_id, id) ON DELETE CASCADE;

CREATE TABLE webhook_attempts (
    id bigint NOT NULL,
    delivery_id bigint NOT NULL,
    at timestamptz DEFAULT now() NOT NULL,
    status integer,
    error text,
    milliseconds integer NOT NULL,
    answer text
);
ALTER TABLE webhook_attempts FORCE ROW LEVEL SECURITY;
ALTER TABLE webhook_attempts ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY ( SEQUENCE NAME webhook_attempts_id_seq START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1 );
ALTER TABLE webhook_attempts ADD CONSTRAINT pk_webhook_attempts PRIMARY KEY (id);
ALTER TABLE webhook_attempts ADD CONSTRAINT fk_webhook_attempts_delivery_id_webhook_deliveries FOREIGN KEY (delivery_id) REFERENCES webhook_deliveries(id) ON DELETE CASCADE;


-- Functions -------------------------------------------------------------------------------------------------------------------

SET check_function_bodies = off;


CREATE FUNCTION attach_problem(of_attachment bigint, key text, state text, why text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
DECLARE
    -- A dropped column fails every row. A table of problems as large as the company's table helps no reader.
    most constant integer := 10000;
BEGIN
    UPDATE attach_problems SET code = state, reason = pg_catalog.left(why, 500), at = pg_catalog.clock_timestamp()
    WHERE attachment_id = of_attachment AND external_id = key;
    -- One row per code stands for all statements whose rows are not listed. Its lock would make their writers wait.
    IF FOUND OR key IS NULL AND EXISTS (
        SELECT FROM attach_problems p
        WHERE p.attachment_id = of_attachment AND p.external_id IS NULL AND p.code = state)
    OR (SELECT pg_catalog.count(*) >= most FROM (
        SELECT FROM attach_problems p WHERE p.attachment_id = of_attachment LIMIT most) AS kept)
    THEN
        RETURN;
    END IF;
    INSERT INTO attach_problems (attachment_id, external_id, code, reason)
    VALUES (of_attachment, key, state, pg_catalog.left(why, 500))
    ON CONFLICT (attachment_id, external_id) DO NOTHING;
EXCEPTION
    WHEN serialization_failure OR deadlock_detected THEN
        RAISE;
    WHEN OTHERS THEN
        RAISE WARNING 'Doorbell cannot record a problem of attachment %: %', of_attachment, SQLERRM;
END $$;
COMMENT ON FUNCTION attach_problem(of_attachment bigint, key text, state text, why text) IS 'Records why a row of an attached table has no order, or an old one. Fails no writer.';
REVOKE ALL ON FUNCTION attach_problem(of_attachment bigint, key text, state text, why text) FROM PUBLIC;


CREATE FUNCTION audit_log_deleted() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
DECLARE
    gone record;
    bound timestamptz;
BEGIN
    FOR gone IN SELECT r.tenant_id, pg_catalog.max(r.at) AS newest FROM removed r GROUP BY r.tenant_id LOOP
        SELECT (a.details ->> 'before')::timestamptz INTO bound FROM audit_log a
        WHERE a.xid = pg_catalog.pg_current_xact_id() AND a.kind = 'audit_log_removed'
            AND a.tenant_id IS NOT DISTINCT FROM gone.tenant_id;
        IF bound IS NULL OR gone.newest >= bound OR bound > pg_catalog.now() - interval '89 days'
            OR bound AT TIME ZONE 'UTC' <> pg_catalog.date_trunc('month', bound AT TIME ZONE 'UTC')
            OR EXISTS (SELECT FROM audit_log a WHERE a.tenant_id IS NOT DISTINCT FROM gone.tenant_id AND a.at < bound)
        THEN
            RAISE EXCEPTION 'audit_log is append-only: entries cannot be deleted. '
                'audit_log_remove_months() removes whole months that are older than the retention'
                USING ERRCODE = 'insufficient_privilege';
        END IF;
    END LOOP;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION audit_log_deleted() IS 'Trigger: refuses the deletion of entries, except whole old months with an entry';
REVOKE ALL ON FUNCTION audit_log_deleted() FROM PUBLIC;


CREATE FUNCTION audit_log_erase_person(tenant bigint, person bigint, emails text[]) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET jit TO 'off'
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
DECLARE
    lowered text[] := ARRAY(SELECT pg_catalog.lower(e) FROM pg_catalog.unnest(emails) AS e);
    acted bigint;
    concerned bigint;
    tried bigint;
BEGIN
    UPDATE audit_log a SET actor_name = NULL, address = NULL, session = NULL, browser = NULL
    WHERE a.tenant_id = tenant AND a.actor_id = person
        AND pg_catalog.num_nonnulls(a.actor_name, a.address, a.session, a.browser) > 0;
    GET DIAGNOSTICS acted = ROW_COUNT;
    UPDATE audit_log a SET subject = NULL, details = a.details - 'person'
    WHERE a.tenant_id = tenant AND (a.subject_id = person OR a.subject_key = ANY (lowered))
        AND (a.subject IS NOT NULL OR a.details ? 'person');
    GET DIAGNOSTICS concerned = ROW_COUNT;
    UPDATE audit_log a SET subject = NULL, details = a.details - 'person'
    WHERE a.tenant_id IS NULL AND a.subject_key = ANY (lowered);
    GET DIAGNOSTICS tried = ROW_COUNT;
    RETURN acted + concerned + tried;
END $$;
COMMENT ON FUNCTION audit_log_erase_person(tenant bigint, person bigint, emails text[]) IS 'Sets the personal data of a user to null in all entries';
REVOKE ALL ON FUNCTION audit_log_erase_person(tenant bigint, person bigint, emails text[]) FROM PUBLIC;


CREATE FUNCTION audit_log_erase_tenant(tenant bigint) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET jit TO 'off'
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
DECLARE
    erased bigint;
BEGIN
    UPDATE audit_log a
    SET actor_name = NULL, subject = NULL, address = NULL, session = NULL, browser = NULL, details = a.details - 'person'
    WHERE a.tenant_id = tenant AND a.kind <> 'tenant_deleted';
    GET DIAGNOSTICS erased = ROW_COUNT;
    RETURN erased;
END $$;
COMMENT ON FUNCTION audit_log_erase_tenant(tenant bigint) IS 'Sets the personal data of a deleted tenant to null in all entries';
REVOKE ALL ON FUNCTION audit_log_erase_tenant(tenant bigint) FROM PUBLIC;


CREATE FUNCTION audit_log_inserting() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
BEGIN
    NEW.at := pg_catalog.clock_timestamp();
    NEW.xid := pg_catalog.pg_current_xact_id();
    NEW.erased_at := NULL;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION audit_log_inserting() IS 'Trigger: sets the time and the transaction of an entry';
REVOKE ALL ON FUNCTION audit_log_inserting() FROM PUBLIC;


CREATE FUNCTION audit_log_remove_months(keep_months integer) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET jit TO 'off'
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
DECLARE
    bound timestamptz := (pg_catalog.date_trunc('month', pg_catalog.now() AT TIME ZONE 'UTC')
        - pg_catalog.make_interval(months => keep_months)) AT TIME ZONE 'UTC';
    removed bigint;
BEGIN
    IF keep_months IS NULL OR keep_months < 3 THEN
        RAISE EXCEPTION 'keep_months is %; at least 3 are needed', keep_months;
    END IF;
    -- One removal at a time: a second one would find less, and write an entry too many.
    PERFORM pg_catalog.pg_advisory_xact_lock(x'00D00BEA'::int);
    INSERT INTO audit_log (tenant_id, kind, origin, actor_name, details)
    SELECT a.tenant_id, 'audit_log_removed', 'worker', 'Doorbell',
           pg_catalog.jsonb_build_object('before', bound, 'entries', pg_catalog.count(*))
    FROM audit_log a WHERE a.at < bound GROUP BY a.tenant_id;
    DELETE FROM audit_log a WHERE a.at < bound;
    GET DIAGNOSTICS removed = ROW_COUNT;
    RETURN removed;
END $$;
COMMENT ON FUNCTION audit_log_remove_months(keep_months integer) IS 'Removes months that are older than the retention, with an entry per tenant';
REVOKE ALL ON FUNCTION audit_log_remove_months(keep_months integer) FROM PUBLIC;


CREATE FUNCTION audit_log_truncating() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
BEGIN
    RAISE EXCEPTION 'audit_log is append-only: it cannot be truncated' USING ERRCODE = 'insufficient_privilege';
END $$;
COMMENT ON FUNCTION audit_log_truncating() IS 'Trigger: refuses TRUNCATE';
REVOKE ALL ON FUNCTION audit_log_truncating() FROM PUBLIC;


CREATE FUNCTION audit_log_updating() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
DECLARE
    before audit_log := OLD;
    after audit_log := NEW;
BEGIN
    NEW.erased_at := coalesce(OLD.erased_at, pg_catalog.now());
    before.erased_at := NULL;
    after.erased_at := NULL;
    -- Generated from the subject after this trigger.
    before.subject_key := NULL;
    after.subject_key := NULL;
    IF NEW.actor_name IS NULL THEN before.actor_name := NULL; END IF;
    IF NEW.subject IS NULL THEN before.subject := NULL; END IF;
    IF NEW.address IS NULL THEN before.address := NULL; END IF;
    IF NEW.session IS NULL THEN before.session := NULL; END IF;
    IF NEW.browser IS NULL THEN before.browser := NULL; END IF;
    IF NOT NEW.details ? 'person' THEN before.details := before.details - 'person'; END IF;
    IF before IS DISTINCT FROM after THEN
        RAISE EXCEPTION 'audit_log is append-only: entry % cannot change. Only its personal data can become null', OLD.id
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NOT EXISTS (
        SELECT FROM audit_log a WHERE a.xid = pg_catalog.pg_current_xact_id()
            AND a.tenant_id IS NOT DISTINCT FROM coalesce(OLD.tenant_id, a.tenant_id)
            AND a.kind IN ('privacy_erasure', 'tenant_deleted')
    ) THEN
        RAISE EXCEPTION 'audit_log is append-only: an erasure needs an entry privacy_erasure or tenant_deleted '
            'in the same transaction' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION audit_log_updating() IS 'Trigger: refuses changes of entries, except that personal data becomes null';
REVOKE ALL ON FUNCTION audit_log_updating() FROM PUBLIC;


CREATE FUNCTION doorbell_actor() RETURNS bigint
    LANGUAGE sql STABLE
    RETURN CASE WHEN (current_setting('doorbell.actor'::text, true) ~ '^[0-9]{1,18}$'::text) THEN (current_setting('doorbell.actor'::text, true))::bigint ELSE NULL::bigint END;
COMMENT ON FUNCTION doorbell_actor() IS 'The user id in doorbell.actor. NULL for anything but a number, so that a mistyped setting fails no order.';
REVOKE ALL ON FUNCTION doorbell_actor() FROM PUBLIC;


CREATE FUNCTION order_customer_key(customer text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
BEGIN
    RETURN left(order_search_fold(left(btrim(customer), 200)), 200);
END $$;
COMMENT ON FUNCTION order_customer_key(customer text) IS 'The customer of an order without case and accents: orders of one key are of one customer';


CREATE FUNCTION order_differences(one jsonb, other jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE
    RETURN (SELECT jsonb_object_agg(key.key, (order_differences.one -> key.key)) AS jsonb_object_agg FROM unnest(ARRAY['number'::text, 'customer'::text, 'total_minor'::text, 'currency'::text, 'status'::text, 'placed_at'::text, 'paid_at'::text, 'shipped_at'::text, 'cancelled_at'::text]) key(key) WHERE ((order_differences.one -> key.key) IS DISTINCT FROM (order_differences.other -> key.key)));
COMMENT ON FUNCTION order_differences(one jsonb, other jsonb) IS 'The values of the first row that the second row does not have, in the columns that an edit concerns.';
REVOKE ALL ON FUNCTION order_differences(one jsonb, other jsonb) FROM PUBLIC;


CREATE FUNCTION order_events_delete_old(keep_days integer, max_rows integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET jit TO 'off'
    AS $$
DECLARE
    deleted integer;
BEGIN
    IF (SELECT pg_catalog.bool_and(outbox_reader_is_valid(r)) FROM outbox_readers r) IS NOT TRUE THEN  -- NULL: no reader
        RETURN 0;
    END IF;
    DELETE FROM order_events_default WHERE ctid = ANY (ARRAY(
        SELECT e.ctid FROM order_events_default e
        WHERE e.recorded_at < retention_cutoff(keep_days)
            AND (e.xid >= pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())
                 OR NOT EXISTS (
                     SELECT FROM outbox_readers r WHERE NOT pg_catalog.pg_visible_in_snapshot(e.xid, r.snapshot)))
        ORDER BY e.id LIMIT max_rows));
    GET DIAGNOSTICS deleted = ROW_COUNT;
    RETURN deleted;
END $$;
COMMENT ON FUNCTION order_events_delete_old(keep_days integer, max_rows integer) IS 'Deletes old rows from order_events_default that every reader has read. Returns their number.';
REVOKE ALL ON FUNCTION order_events_delete_old(keep_days integer, max_rows integer) FROM PUBLIC;


CREATE FUNCTION order_events_drop_partition(part regclass, keep_days integer) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET jit TO 'off'
    AS $$
DECLARE
    old_part constant regclass := part;
    unread_reason text;
BEGIN
    IF pg_catalog.current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'the transaction is %, so its snapshot is older than the lock and misses the last commits: '
            'drop a partition under READ COMMITTED',
            pg_catalog.upper(pg_catalog.current_setting('transaction_isolation'));
    END IF;
    IF NOT EXISTS (
        SELECT FROM order_events_partitions() p
        WHERE p.part::oid = old_part::oid AND p.ends <= retention_cutoff(keep_days)
    ) THEN
        RAISE EXCEPTION '% is not a partition of order_events that ends before the last % days', old_part, keep_days;
    END IF;
    PERFORM pg_catalog.set_config('lock_timeout', '1s', true);
    unread_reason := order_events_unread_reason(old_part);
    IF unread_reason IS NOT NULL THEN
        RETURN unread_reason;
    END IF;
    LOCK TABLE ONLY order_events IN ACCESS EXCLUSIVE MODE;
    EXECUTE pg_catalog.format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE NOWAIT', old_part);
    LOCK TABLE order_events_default IN ACCESS EXCLUSIVE MODE NOWAIT;
    unread_reason := order_events_unread_reason(old_part);  -- sees all commits: the writers have ended
    IF unread_reason IS NULL THEN
        EXECUTE pg_catalog.format('DROP TABLE %s', old_part);
    END IF;
    RETURN unread_reason;
END $$;
COMMENT ON FUNCTION order_events_drop_partition(part regclass, keep_days integer) IS 'Drops an old partition. Returns NULL when it is dropped, else why it stays.';
REVOKE ALL ON FUNCTION order_events_drop_partition(part regclass, keep_days integer) FROM PUBLIC;


CREATE FUNCTION order_events_inserted() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET jit TO 'off'
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
DECLARE
    quiet_lock constant bigint := 13634531;  -- webapp/doorbell/connection.py: QUIET_LOCK
    this_transaction text;
    last_ring text[];  -- its transaction, its tenants
    tenants_rung bigint[] := '{}';
    ring record;
BEGIN
    IF TG_RELID <> 'order_events'::regclass::oid OR TG_OP <> 'INSERT' THEN
        RAISE EXCEPTION 'order_events_inserted() is for INSERT on order_events, not for % on %', TG_OP, TG_TABLE_NAME;
    END IF;
    IF NOT EXISTS (SELECT FROM new_events) THEN  -- the trigger fires without rows too
        RETURN NULL;
    END IF;
    IF pg_catalog.lower(pg_catalog.current_setting('doorbell.notify', true)) IN ('off', 'false', 'no', '0') IS NOT TRUE THEN
        INSERT INTO notifications (tenant_id, user_id, order_id, event_id, type)
        SELECT e.tenant_id, notified.user_id, e.order_id, e.id, notified.type
        FROM new_events e
        CROSS JOIN LATERAL (VALUES
            (e.owner_id, CASE WHEN e.type IN ('placed', 'reassigned') THEN 'assigned' ELSE e.type END),
            (CASE WHEN e.type = 'reassigned' THEN (e.old_values ->> 'owner_id')::bigint END, 'unassigned')
        ) AS notified (user_id, type)
        WHERE e.type IN ('placed', 'paid', 'shipped', 'refunded', 'cancelled', 'reassigned')
            AND notified.user_id IS NOT NULL AND notified.user_id IS DISTINCT FROM e.actor_id
            AND e.occurred_at > pg_catalog.now() - pg_catalog.make_interval(days => 1)  -- not for history
            -- An order that is inserted as paid notifies of the payment only. A reversed refund is not a refund.
            AND (e.type <> 'placed' OR e.new_values ->> 'status' = 'placed')
            AND (e.type <> 'refunded' OR e.amount_minor > 0)
            -- The statement that takes a user's orders may delete the user too.
            AND (notified.type <> 'unassigned'
                OR EXISTS (SELECT FROM users u WHERE u.tenant_id = e.tenant_id AND u.id = notified.user_id));
    END IF;

    IF pg_catalog.lower(pg_catalog.current_setting('doorbell.ring', true)) IN ('off', 'false', 'no', '0') THEN
        RETURN NULL;
    END IF;
    -- Checked after the INSERT: the transaction has its id by now, and the listener's grace period waits for that id.
    IF NOT pg_catalog.pg_try_advisory_lock_shared(quiet_lock) THEN
        RETURN NULL;
    END IF;
    PERFORM pg_catalog.pg_advisory_unlock_shared(quiet_lock);

    this_transaction := pg_catalog.pg_current_xact_id()::text;
    last_ring := pg_catalog.string_to_array(pg_catalog.current_setting('doorbell.rung', true), ':');
    IF last_ring[1] = this_transaction THEN
        tenants_rung := pg_catalog.string_to_array(last_ring[2], ',')::bigint[];
    END IF;
    FOR ring IN
        SELECT tenant_id,
               CASE WHEN pg_catalog.min(type) = pg_catalog.max(type) THEN pg_catalog.min(type) ELSE 'several' END AS type,
               CASE WHEN pg_catalog.min(order_id) = pg_catalog.max(order_id) THEN pg_catalog.min(order_id) END AS order_id
        FROM new_events
        WHERE tenant_id <> ALL (tenants_rung)
        GROUP BY tenant_id
    LOOP
        PERFORM pg_catalog.pg_notify('doorbell_v1', pg_catalog.json_build_object(
            'tenant_id', ring.tenant_id, 'type', ring.type, 'id', ring.order_id)::text);
        tenants_rung := pg_catalog.array_append(tenants_rung, ring.tenant_id);
    END LOOP;
    PERFORM pg_catalog.set_config(
        'doorbell.rung', this_transaction || ':' || pg_catalog.array_to_string(tenants_rung, ','), true);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION order_events_inserted() IS 'Writes notifications. Rings once per tenant and transaction, unless quiet mode is on.';
REVOKE ALL ON FUNCTION order_events_inserted() FROM PUBLIC;


CREATE FUNCTION order_events_make_partitions(months_ahead integer) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET jit TO 'off'
    AS $_$
DECLARE
    first_month timestamp := pg_catalog.date_trunc('month', pg_catalog.now() AT TIME ZONE 'UTC');
    our_schema name;
    month timestamp;
    name text;
BEGIN
    SELECT n.nspname INTO our_schema
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = 'order_events'::regclass::oid;
    FOR month IN
        SELECT first_month + pg_catalog.make_interval(months => ahead)
        FROM pg_catalog.generate_series(0, months_ahead) AS ahead
    LOOP
        name := 'order_events_' || pg_catalog.to_char(month, 'YYYY_MM');
        IF pg_catalog.to_regclass(pg_catalog.format('%I.%I', our_schema, name)) IS NULL THEN
            BEGIN
                EXECUTE pg_catalog.format(
                    'CREATE TABLE %1$I.%2$I PARTITION OF %1$I.order_events FOR VALUES FROM (%3$L) TO (%4$L)',
                    our_schema, name, month AT TIME ZONE 'UTC',
                    (month + pg_catalog.make_interval(months => 1)) AT TIME ZONE 'UTC');
            EXCEPTION WHEN check_violation THEN  -- created too late; go on with the next month
                RAISE WARNING '% is not created: order_events_default already has events of that month', name;
            END;
        END IF;
    END LOOP;
END $_$;
COMMENT ON FUNCTION order_events_make_partitions(months_ahead integer) IS 'Creates the partitions of this month and the next months.';
REVOKE ALL ON FUNCTION order_events_make_partitions(months_ahead integer) FROM PUBLIC;


CREATE FUNCTION order_events_partitions() RETURNS TABLE(part regclass, begins timestamptz, ends timestamptz)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    SELECT c.oid::regclass, bounds[1]::timestamptz, bounds[2]::timestamptz
    FROM pg_catalog.pg_inherits i
    JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
    CROSS JOIN LATERAL pg_catalog.regexp_match(
        pg_catalog.pg_get_expr(c.relpartbound, c.oid), 'FROM [(]''(.+)''[)] TO [(]''(.+)''[)]') AS bounds
    WHERE i.inhparent = 'order_events'::regclass::oid AND bounds IS NOT NULL
    ORDER BY 2
$$;
COMMENT ON FUNCTION order_events_partitions() IS 'The partitions with both bounds, oldest first. order_events_default is not among them.';
REVOKE ALL ON FUNCTION order_events_partitions() FROM PUBLIC;


CREATE FUNCTION order_events_unread_reason(part regclass) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
DECLARE
    reader record;
    unread boolean;
BEGIN
    IF NOT EXISTS (SELECT FROM outbox_readers) THEN
        RETURN 'no reader has saved a cursor yet';
    END IF;
    FOR reader IN
        SELECT r.name, r.snapshot, outbox_reader_is_valid(r) AS is_valid FROM outbox_readers r ORDER BY r.name
    LOOP
        IF NOT reader.is_valid THEN
            RETURN pg_catalog.format(
                'the cursor of %s is of another cluster or timeline, until its next run', reader.name);
        END IF;
        -- NOT pg_visible_in_snapshot(xid, snapshot), and not ahead of the present, in a form that the index serves.
        EXECUTE pg_catalog.format(
            'SELECT EXISTS (SELECT FROM %1$s WHERE xid >= pg_catalog.pg_snapshot_xmax($1)'
            '        AND xid < pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot()))'
            '    OR EXISTS (SELECT FROM %1$s WHERE xid = ANY (ARRAY(SELECT pg_catalog.pg_snapshot_xip($1))))', part)
            INTO unread USING reader.snapshot;
        IF unread THEN
            RETURN pg_catalog.format('%s has not read all of it', reader.name);
        END IF;
    END LOOP;
    RETURN NULL;
END $_$;
COMMENT ON FUNCTION order_events_unread_reason(part regclass) IS 'Why events of the partition may be unread; NULL when every reader has read all of them.';
REVOKE ALL ON FUNCTION order_events_unread_reason(part regclass) FROM PUBLIC;


CREATE FUNCTION order_lines_changed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET jit TO 'off'
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
BEGIN
    IF TG_RELID <> 'order_lines'::regclass::oid THEN
        RAISE EXCEPTION 'order_lines_changed() is for order_lines, not for %', TG_TABLE_NAME;
    END IF;
    IF TG_OP = 'TRUNCATE' THEN
        DELETE FROM rollups_products_hourly;
        DELETE FROM rollups_products_daily;
        RETURN NULL;
    END IF;
    INSERT INTO rollups_line_changes (tenant_id, order_id)
    SELECT changed.tenant_id, changed.order_id
    FROM (SELECT DISTINCT tenant_id, order_id FROM changed_lines) AS changed
    WHERE EXISTS (SELECT FROM orders o WHERE o.tenant_id = changed.tenant_id AND o.id = changed.order_id)
        AND NOT EXISTS (
            SELECT FROM order_events e WHERE e.tenant_id = changed.tenant_id AND e.order_id = changed.order_id
                AND e.xid IS NOT DISTINCT FROM pg_catalog.pg_current_xact_id()
                AND e.type NOT IN ('shipped', 'shipment_corrected', 'commented'));
    RETURN NULL;
END $$;
COMMENT ON FUNCTION order_lines_changed() IS 'Trigger: keeps the orders whose lines changed without an event, until the rollups have counted them';
REVOKE ALL ON FUNCTION order_lines_changed() FROM PUBLIC;


CREATE FUNCTION order_search(of_tenant bigint, sought text, of_status text, before_placed timestamptz, before_id bigint, most integer, walk integer, most_ms integer) RETURNS TABLE(id bigint, placed_at timestamptz, stopped boolean)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET max_parallel_workers_per_gather TO '0'
    SET jit TO 'off'
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
DECLARE
    first_day constant timestamptz := '1900-01-01 00:00:00+00';  -- of order_search_period
    frequent integer := 30000;
    deadline constant timestamptz := clock_timestamp() + make_interval(secs => most_ms / 1000.0);
    words constant tsquery := replace(sought, '{}', '')::tsquery;
    newest refcursor;
    matches boolean;
    walked integer := 0;
    found_walking integer := 0;
    walk_began timestamptz;
    walks boolean := walk > 0;
    walks_all boolean := false;
    worked boolean := false;
    walk_from timestamptz := '-infinity';  -- the beginning of the period that is walked
    periods integer := 1;
    period integer;
    terms tsquery;
    most_hits integer;
    hits integer;
    ids bigint[];
BEGIN
    IF NOT tenancy_may_read(of_tenant) THEN
        RETURN;
    END IF;
    stopped := false;
    LOOP
        IF walks THEN
            IF of_status = '' THEN
                OPEN newest FOR
                    SELECT o.id, o.placed_at,
                        (' u' || coalesce(o.owner_id, 0)::text || order_search_words(o.number, o.customer))::tsvector @@ words
                    FROM orders o WHERE o.tenant_id = of_tenant AND (o.placed_at, o.id) < (before_placed, before_id)
                    ORDER BY o.placed_at DESC, o.id DESC;
            ELSE
                OPEN newest FOR
                    SELECT o.id, o.placed_at,
                        (' u' || coalesce(o.owner_id, 0)::text || order_search_words(o.number, o.customer))::tsvector @@ words
                    FROM orders o WHERE o.tenant_id = of_tenant AND o.status = of_status
                        AND (o.placed_at, o.id) < (before_placed, before_id)
                    ORDER BY o.placed_at DESC, o.id DESC;
            END IF;
            LOOP
                FETCH newest INTO id, placed_at, matches;
                IF NOT FOUND THEN
                    RETURN;
                END IF;
                EXIT WHEN placed_at < walk_from;
                walk_began := coalesce(walk_began, placed_at);
                before_placed := placed_at;
                before_id := id;
                IF matches THEN
                    RETURN NEXT;
                    most := most - 1;
                    IF most <= 0 THEN
                        RETURN;
                    END IF;
                    found_walking := found_walking + 1;
                END IF;
                walked := walked + 1;
                EXIT WHEN NOT walks_all AND walked >= walk AND found_walking * 25 < walked;
                EXIT WHEN walked % 100 = 0 AND clock_timestamp() > deadline;
            END LOOP;
            CLOSE newest;
            IF walk_from = '-infinity' AND before_placed < walk_began THEN
                frequent := least(30000, greatest(5000, walked * 48384 / extract(epoch FROM walk_began - before_placed)));
            END IF;
            walks := false;
            walks_all := false;
            walked := 0;
            found_walking := 0;
            worked := true;
            IF walk_from > '-infinity' AND placed_at < walk_from THEN
                before_placed := walk_from;
                before_id := 1;
            END IF;
        END IF;
        SELECT o.placed_at INTO placed_at FROM orders o
        WHERE o.tenant_id = of_tenant AND (o.placed_at, o.id) < (before_placed, before_id)
        ORDER BY o.placed_at DESC, o.id DESC LIMIT 1;
        IF NOT FOUND THEN
            RETURN;
        END IF;
        IF worked AND clock_timestamp() > deadline THEN
            id := before_id;
            placed_at := before_placed;
            stopped := true;
            RETURN NEXT;
            RETURN;
        END IF;
        worked := true;
        most_hits := CASE periods WHEN 1 THEN frequent ELSE 1000 END;
        period := order_search_period(placed_at);
        SELECT string_agg('(' || replace(sought, '{}', of_tenant || '.' || each || '.') || ')', ' | ')::tsquery
        INTO terms FROM generate_series(period - periods + 1, period) AS each;
        SELECT count(*), array_agg(h.id ORDER BY h.placed_at DESC, h.id DESC) FILTER (
            WHERE h.tenant_id = of_tenant AND (of_status = '' OR h.status = of_status)
                AND (h.placed_at, h.id) < (before_placed, before_id))
        INTO hits, ids FROM (
            SELECT o.id, o.placed_at, o.status, o.tenant_id FROM orders o
            WHERE order_search_terms(o.tenant_id, o.placed_at, o.owner_id, o.number, o.customer) @@ terms
            LIMIT most_hits) AS h;
        IF hits >= most_hits THEN
            walks := true;
            walks_all := periods = 1;
            walk_from := first_day + make_interval(hours => 672 * period);
            periods := 1;
            CONTINUE;
        END IF;
        placed_at := first_day + make_interval(hours => 672 * (period - periods + 1));
        FOREACH id IN ARRAY coalesce(ids[1:most], '{}') LOOP
            RETURN NEXT;
        END LOOP;
        most := most - coalesce(cardinality(ids), 0);
        IF most <= 0 THEN
            RETURN;
        END IF;
        before_placed := placed_at;
        before_id := 1;
        periods := CASE WHEN hits < 200 THEN 2 ELSE 1 END;
    END LOOP;
END $$;
COMMENT ON FUNCTION order_search(of_tenant bigint, sought text, of_status text, before_placed timestamptz, before_id bigint, most integer, walk integer, most_ms integer) IS 'The newest orders of a tenant that match, and where a search that took too long can go on.';
REVOKE ALL ON FUNCTION order_search(of_tenant bigint, sought text, of_status text, before_placed timestamptz, before_id bigint, most integer, walk integer, most_ms integer) FROM PUBLIC;


CREATE FUNCTION order_search_fold(written text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN (octet_length(written) = char_length(written)) THEN lower((written COLLATE "C")) WHEN ((NORMALIZE(written, NFD) COLLATE "C") !~ '[^\u0001-\u007f\u0300-\u036f]'::text) THEN regexp_replace(lower((NORMALIZE(written, NFD) COLLATE "C")), '[\u0300-\u036f]+'::text, ''::text, 'g'::text) ELSE replace(translate(regexp_replace(lower((NORMALIZE(written, NFD) COLLATE "C")), '[\u0300-\u036f]+'::text, ''::text, 'g'::text), 'ØøŁłĐđĦħŦŧıÆŒÐÞŊƏẞςАБВГДЕЖЗИКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯЂЄЅІЈЉЊЋЏҐΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩԱԲԳԴԵԶԷԸԹԺԻԼԽԾԿՀՁՂՃՄՅՆՇՈՉՊՋՌՍՎՏՐՑՒՓՔՕՖ'::text, 'oollddhhttiæœðþŋəßσабвгдежзиклмнопрстуфхцчшщъыьэюяђєѕіјљњћџґαβγδεζηθικλμνξοπρστυφχψωաբգդեզէըթժիլխծկհձղճմյնշոչպջռսվտրցւփքօֆ'::text), 'ß'::text, 'ss'::text) END;
COMMENT ON FUNCTION order_search_fold(written text) IS 'Lower case without accents.';


CREATE FUNCTION order_search_period(at timestamptz) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (floor((EXTRACT(epoch FROM (at - '1900-01-01 00:00:00+00'::timestamptz)) / (2419200)::numeric)))::integer;
COMMENT ON FUNCTION order_search_period(at timestamptz) IS 'The number of the four weeks since 1900 in which an order was placed, in UTC.';


CREATE FUNCTION order_search_terms(tenant_id bigint, placed_at timestamptz, owner_id bigint, number text, customer text) RETURNS tsvector
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
BEGIN
    RETURN replace(
        ' u' || coalesce(owner_id, 0)::text || order_search_words(number, customer),
        ' ', ' ' || tenant_id::text || '.' || order_search_period(placed_at)::text || '.')::tsvector;
END $$;
COMMENT ON FUNCTION order_search_terms(tenant_id bigint, placed_at timestamptz, owner_id bigint, number text, customer text) IS 'The terms of an order in ix_orders_search, each with the tenant and the period as a prefix.';


CREATE FUNCTION order_search_words(number text, customer text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (((' n'::text || regexp_replace("left"(order_search_fold("left"(number, 64)), 64), '[\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00bf\u00d7\u00f7\u1680\u2000-\u206f\u3000-\u303f]+'::text, ''::text, 'g'::text)) || ' w'::text) || regexp_replace(btrim("left"(order_search_fold("left"(customer, 400)), 400), ' .'::text), '[\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00bf\u00d7\u00f7\u1680\u2000-\u206f\u3000-\u303f]+'::text, ' w'::text, 'g'::text));
COMMENT ON FUNCTION order_search_words(number text, customer text) IS 'The words of an order: n with the number, w with each word of the customer.';


CREATE FUNCTION orders_deleted() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET jit TO 'off'
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
DECLARE
    actor constant bigint := doorbell_actor();
    actor_is_trusted constant boolean := pg_catalog.pg_has_role(session_user, current_user, 'MEMBER')
        OR pg_catalog.has_function_privilege(session_user, 'doorbell_actor()'::regprocedure, 'EXECUTE');
BEGIN
    IF TG_RELID <> 'orders'::regclass::oid OR TG_OP <> 'DELETE' THEN
        RAISE EXCEPTION 'orders_deleted() is for DELETE on orders, not for % on %', TG_OP, TG_TABLE_NAME;
    END IF;
    -- An erased name and an order that is removed by its age are no news (webapp/privacy/). Other roles cannot set this.
    IF actor_is_trusted AND pg_catalog.current_setting('doorbell.events', true) = 'off' THEN
        RETURN NULL;
    END IF;
    INSERT INTO order_events (tenant_id, order_id, type, owner_id, actor_id, claimed_actor_id, via, written_by,
                              old_values, occurred_at)
    SELECT o.tenant_id, o.id, 'deleted', o.owner_id,
           CASE WHEN actor_is_trusted THEN actor END, CASE WHEN NOT actor_is_trusted THEN actor END,
           pg_catalog.current_setting('application_name'), session_user,
           pg_catalog.jsonb_build_object('number', o.number, 'status', o.status, 'total_minor', o.total_minor,
                                         'placed_at', o.placed_at, 'paid_at', o.paid_at), pg_catalog.now()
    FROM old_rows o;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION orders_deleted() IS 'Writes a deleted event per deleted order.';
REVOKE ALL ON FUNCTION orders_deleted() FROM PUBLIC;


CREATE FUNCTION orders_inserted() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET jit TO 'off'
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
DECLARE
    actor constant bigint := doorbell_actor();
    actor_is_trusted constant boolean := pg_catalog.pg_has_role(session_user, current_user, 'MEMBER')
        OR pg_catalog.has_function_privilege(session_user, 'doorbell_actor()'::regprocedure, 'EXECUTE');
BEGIN
    IF TG_RELID <> 'orders'::regclass::oid OR TG_OP <> 'INSERT' THEN
        RAISE EXCEPTION 'orders_inserted() is for INSERT on orders, not for % on %', TG_OP, TG_TABLE_NAME;
    END IF;
    INSERT INTO order_events (tenant_id, order_id, type, owner_id, actor_id, claimed_actor_id, via, written_by,
                              amount_minor, new_values, occurred_at)
    SELECT n.tenant_id, n.id, event.type, n.owner_id,
           CASE WHEN actor_is_trusted THEN actor END, CASE WHEN NOT actor_is_trusted THEN actor END,
           pg_catalog.current_setting('application_name'), session_user, event.amount_minor,
           CASE event.type
               WHEN 'placed' THEN pg_catalog.jsonb_build_object(
                   'status', n.status, 'total_minor', n.total_minor, 'currency', n.currency)
               WHEN 'refunded' THEN pg_catalog.jsonb_build_object('status', n.status, 'refunded_minor', n.refunded_minor)
               ELSE pg_catalog.jsonb_build_object('status', n.status)
           END,
           event.occurred_at
    FROM new_rows n
    CROSS JOIN LATERAL (VALUES
        ('placed', n.placed_at, n.total_minor),
        ('paid', n.paid_at, n.total_minor),
        ('shipped', n.shipped_at, NULL),
        -- Without refunded_at, the day of the payment is the best date known.
        ('refunded',
         CASE WHEN n.refunded_minor > 0
             THEN coalesce(refund_moment(n.number, n.refunded_at, n.paid_at), n.paid_at) END,
         n.refunded_minor),
        ('cancelled', n.cancelled_at, NULL)
    ) AS event (type, occurred_at, amount_minor)
    WHERE event.occurred_at IS NOT NULL;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION orders_inserted() IS 'Writes the events of inserted orders.';
REVOKE ALL ON FUNCTION orders_inserted() FROM PUBLIC;


CREATE FUNCTION orders_of_customer(of_tenant bigint, of_order bigint, of_owner bigint, most integer, shown integer) RETURNS TABLE(customer text, orders bigint, sum_minor bigint, id bigint, number text, total_minor bigint, status text, placed_at timestamptz)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET plan_cache_mode TO 'force_custom_plan'
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET jit TO 'off'
    AS $$
BEGIN
    IF NOT tenancy_may_read(of_tenant) THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT mine.customer::text, summed.orders, summed.total_minor,
           o.id, o.number::text, o.total_minor, o.status::text, o.placed_at
    FROM (SELECT m.customer, order_customer_key(m.customer) AS key FROM orders m
           WHERE m.tenant_id = of_tenant AND m.id = of_order AND (of_owner IS NULL OR m.owner_id = of_owner)) AS mine
    CROSS JOIN LATERAL (
        SELECT pg_catalog.count(*) AS orders, coalesce(pg_catalog.sum(newest.total_minor), 0)::bigint AS total_minor FROM (
            SELECT others.total_minor FROM orders AS others
            WHERE others.tenant_id = of_tenant AND (of_owner IS NULL OR others.owner_id = of_owner)
              AND order_customer_key(others.customer) = mine.key AND others.id <> of_order
            ORDER BY others.placed_at DESC, others.id DESC LIMIT most) AS newest
    ) AS summed
    LEFT JOIN LATERAL (
        SELECT others.* FROM orders AS others
        WHERE others.tenant_id = of_tenant AND (of_owner IS NULL OR others.owner_id = of_owner)
              AND order_customer_key(others.customer) = mine.key AND others.id <> of_order
        ORDER BY others.placed_at DESC, others.id DESC LIMIT shown
    ) AS o ON true
    ORDER BY o.placed_at DESC, o.id DESC;
END $$;
COMMENT ON FUNCTION orders_of_customer(of_tenant bigint, of_order bigint, of_owner bigint, most integer, shown integer) IS 'The newest other orders of an order''s customer, with the number and the sum of all; of one salesperson if given.';
REVOKE ALL ON FUNCTION orders_of_customer(of_tenant bigint, of_order bigint, of_owner bigint, most integer, shown integer) FROM PUBLIC;


CREATE FUNCTION orders_truncated() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET jit TO 'off'
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
DECLARE
    actor constant bigint := doorbell_actor();
    actor_is_trusted constant boolean := pg_catalog.pg_has_role(session_user, current_user, 'MEMBER')
        OR pg_catalog.has_function_privilege(session_user, 'doorbell_actor()'::regprocedure, 'EXECUTE');
BEGIN
    IF TG_RELID <> 'orders'::regclass::oid OR TG_OP <> 'TRUNCATE' THEN
        RAISE EXCEPTION 'orders_truncated() is for TRUNCATE on orders, not for % on %', TG_OP, TG_TABLE_NAME;
    END IF;
    INSERT INTO order_events (tenant_id, order_id, type, owner_id, actor_id, claimed_actor_id, via, written_by,
                              old_values, occurred_at)
    SELECT o.tenant_id, o.id, 'deleted', o.owner_id,
           CASE WHEN actor_is_trusted THEN actor END, CASE WHEN NOT actor_is_trusted THEN actor END,
           pg_catalog.current_setting('application_name'), session_user,
           pg_catalog.jsonb_build_object('number', o.number, 'status', o.status, 'total_minor', o.total_minor,
                                         'placed_at', o.placed_at, 'paid_at', o.paid_at), pg_catalog.now()
    FROM orders o;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION orders_truncated() IS 'Writes a deleted event per order before TRUNCATE.';
REVOKE ALL ON FUNCTION orders_truncated() FROM PUBLIC;


CREATE FUNCTION orders_updated() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET jit TO 'off'
    SET enable_nestloop TO 'off'
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
DECLARE
    actor constant bigint := doorbell_actor();
    actor_is_trusted constant boolean := pg_catalog.pg_has_role(session_user, current_user, 'MEMBER')
        OR pg_catalog.has_function_privilege(session_user, 'doorbell_actor()'::regprocedure, 'EXECUTE');
    reason constant text := nullif(pg_catalog.left(pg_catalog.current_setting('doorbell.reason', true), 200), '');
BEGIN
    IF TG_RELID <> 'orders'::regclass::oid OR TG_OP <> 'UPDATE' THEN
        RAISE EXCEPTION 'orders_updated() is for UPDATE on orders, not for % on %', TG_OP, TG_TABLE_NAME;
    END IF;
    IF EXISTS (
        SELECT FROM new_rows n LEFT JOIN old_rows o ON o.id = n.id AND o.tenant_id = n.tenant_id WHERE o.id IS NULL
    ) THEN
        RAISE EXCEPTION 'the id and tenant_id of an order cannot change: delete the order and insert it again';
    END IF;

    -- An erased name and an order that is removed by its age are no news (webapp/privacy/). Other roles cannot set this.
    IF actor_is_trusted AND pg_catalog.current_setting('doorbell.events', true) = 'off' THEN
        RETURN NULL;
    END IF;
    INSERT INTO order_events (tenant_id, order_id, type, owner_id, actor_id, claimed_actor_id, via, written_by,
                              amount_minor, old_values, new_values, occurred_at)
    SELECT n.tenant_id, n.id, event.type, n.owner_id,
           CASE WHEN actor_is_trusted THEN actor END, CASE WHEN NOT actor_is_trusted THEN actor END,
           pg_catalog.current_setting('application_name'), session_user, event.amount_minor,
           CASE event.type
               WHEN 'refunded' THEN pg_catalog.jsonb_build_object('status', o.status, 'refunded_minor', o.refunded_minor)
               WHEN 'reassigned' THEN pg_catalog.jsonb_build_object('owner_id', o.owner_id)
               WHEN 'edited' THEN order_differences(pg_catalog.to_jsonb(o), pg_catalog.to_jsonb(n))
               WHEN 'payment_corrected' THEN pg_catalog.jsonb_build_object('status', o.status, 'paid_at', o.paid_at)
               WHEN 'shipment_corrected' THEN pg_catalog.jsonb_build_object('status', o.status, 'shipped_at', o.shipped_at)
               ELSE pg_catalog.jsonb_build_object('status', o.status)
           END,
           CASE event.type
               WHEN 'refunded' THEN pg_catalog.jsonb_build_object('status', n.status, 'refunded_minor', n.refunded_minor)
               WHEN 'reassigned' THEN pg_catalog.jsonb_build_object('owner_id', n.owner_id)
               WHEN 'edited' THEN order_differences(pg_catalog.to_jsonb(n), pg_catalog.to_jsonb(o))
               WHEN 'payment_corrected' THEN pg_catalog.jsonb_build_object(
                   'status', n.status, 'paid_at', NULL, 'reason', reason)
               WHEN 'shipment_corrected' THEN pg_catalog.jsonb_build_object(
                   'status', n.status, 'shipped_at', NULL, 'reason', reason)
               ELSE pg_catalog.jsonb_build_object('status', n.status)
           END,
           coalesce(event.occurred_at, pg_catalog.now())
    FROM new_rows n
    JOIN old_rows o ON o.id = n.id
    CROSS JOIN LATERAL (VALUES
        ('edited',
         (o.number, o.customer, o.total_minor, o.currency::text, o.placed_at)
             IS DISTINCT FROM (n.number, n.customer, n.total_minor, n.currency::text, n.placed_at)
         OR coalesce(o.paid_at <> n.paid_at, false) OR coalesce(o.shipped_at <> n.shipped_at, false)
         OR o.cancelled_at IS NOT NULL AND o.cancelled_at IS DISTINCT FROM n.cancelled_at,
         NULL, NULL),
        ('reassigned', o.owner_id IS DISTINCT FROM n.owner_id, NULL, NULL),
        ('paid', o.paid_at IS NULL AND n.paid_at IS NOT NULL, n.paid_at, n.total_minor),
        ('shipped', o.shipped_at IS NULL AND n.shipped_at IS NOT NULL, n.shipped_at, NULL),
        -- refunded_at dates this refund only if this statement set it. Otherwise it dates an earlier refund.
        ('refunded', o.refunded_minor <> n.refunded_minor,
         CASE WHEN o.refunded_minor <> n.refunded_minor AND o.refunded_at IS DISTINCT FROM n.refunded_at
             THEN refund_moment(n.number, n.refunded_at, n.paid_at) END,
         n.refunded_minor - o.refunded_minor),
        ('payment_corrected', o.paid_at IS NOT NULL AND n.paid_at IS NULL, NULL, o.total_minor),
        ('shipment_corrected', o.shipped_at IS NOT NULL AND n.shipped_at IS NULL, NULL, NULL),
        ('cancelled', o.cancelled_at IS NULL AND n.cancelled_at IS NOT NULL, n.cancelled_at, NULL)
    ) AS event (type, applies, occurred_at, amount_minor)
    WHERE event.applies;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION orders_updated() IS 'Writes the events of updated orders.';


SET default_tablespace = '';

SET default_table_access_method = heap;
REVOKE ALL ON FUNCTION orders_updated() FROM PUBLIC;


CREATE FUNCTION outbox_reader_is_valid(reader outbox_readers) RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    SELECT reader.system_identifier = present.system_identifier::numeric
        AND reader.timeline = ('x' || pg_catalog.substr(
            pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 1, 8))::bit(32)::integer
        AND pg_catalog.pg_snapshot_xmax(reader.snapshot)
            <= pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())
    FROM pg_catalog.pg_control_system() AS present
$$;
COMMENT ON FUNCTION outbox_reader_is_valid(reader outbox_readers) IS 'Whether the reader''s cursor is of this cluster and timeline, and not ahead of the present.';
REVOKE ALL ON FUNCTION outbox_reader_is_valid(reader outbox_readers) FROM PUBLIC;


CREATE FUNCTION privacy_close_tenant(of_job bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET jit TO 'off'
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
DECLARE
    job constant privacy_jobs := privacy_request(of_job, '{tenant}');
BEGIN
    UPDATE users SET disabled_at = pg_catalog.now() WHERE tenant_id = job.tenant_id AND disabled_at IS NULL;
END $$;
COMMENT ON FUNCTION privacy_close_tenant(of_job bigint) IS 'Disables the users of a tenant whose deletion is due';
REVOKE ALL ON FUNCTION privacy_close_tenant(of_job bigint) FROM PUBLIC;


CREATE FUNCTION privacy_delete_page(of_job bigint, of_table regclass, first bigint, past bigint) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET jit TO 'off'
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
DECLARE
    job constant privacy_jobs := privacy_request(of_job, '{tenant}');
    deleted bigint;
BEGIN
    PERFORM privacy_of_tenant(of_table);
    EXECUTE pg_catalog.format(
        'DELETE FROM ONLY %s t WHERE t.ctid >= %L::tid AND t.ctid < %L::tid AND t.tenant_id = $1',
        of_table, pg_catalog.format('(%s,0)', first), pg_catalog.format('(%s,0)', past))
    USING job.tenant_id;
    GET DIAGNOSTICS deleted = ROW_COUNT;
    RETURN deleted;
END $_$;
COMMENT ON FUNCTION privacy_delete_page(of_job bigint, of_table regclass, first bigint, past bigint) IS 'Deletes rows of a tenant whose deletion is due';
REVOKE ALL ON FUNCTION privacy_delete_page(of_job bigint, of_table regclass, first bigint, past bigint) FROM PUBLIC;


CREATE FUNCTION privacy_delete_tenant(of_job bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET jit TO 'off'
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
DECLARE
    job constant privacy_jobs := privacy_request(of_job, '{tenant}');
BEGIN
    PERFORM audit_log_erase_tenant(job.tenant_id);
    -- Orders that were written meanwhile reference their users.
    DELETE FROM orders WHERE tenant_id = job.tenant_id;
    DELETE FROM relay_audit WHERE tenant_id = job.tenant_id;
    DELETE FROM order_events WHERE tenant_id = job.tenant_id;
    DELETE FROM relay_destinations WHERE tenant_id = job.tenant_id;
    DELETE FROM tenants WHERE id = job.tenant_id;
END $$;
COMMENT ON FUNCTION privacy_delete_tenant(of_job bigint) IS 'Deletes a tenant whose deletion is due';
REVOKE ALL ON FUNCTION privacy_delete_tenant(of_job bigint) FROM PUBLIC;


CREATE FUNCTION privacy_erase_entries(of_job bigint, of_ids bigint[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET jit TO 'off'
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
DECLARE
    job constant privacy_jobs := privacy_request(of_job, '{customer,user}');
BEGIN
    UPDATE audit_log a SET subject = NULL, details = a.details - 'person'
    WHERE a.tenant_id = job.tenant_id AND a.id = ANY (of_ids)
        AND (a.subject ~ job.pattern OR (a.details -> 'person')::text ~ job.pattern);
END $$;
COMMENT ON FUNCTION privacy_erase_entries(of_job bigint, of_ids bigint[]) IS 'Sets subjects with a name of a running erasure to null in the audit log';
REVOKE ALL ON FUNCTION privacy_erase_entries(of_job bigint, of_ids bigint[]) FROM PUBLIC;


CREATE FUNCTION privacy_erase_user_rows(of_job bigint, most integer, erased_text text) RETURNS TABLE(of_table text, erased bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET jit TO 'off'
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
DECLARE
    job constant privacy_jobs := privacy_request(of_job, '{user}');
    belonging record;
BEGIN
    FOR belonging IN
        -- Comments belong to the company and stay.
        SELECT c.oid::regclass AS name, a.attname AS key, c.relname::text = 'order_comments' AS is_kept
        FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
        CROSS JOIN LATERAL unnest(k.conkey, k.confkey) AS pair (own, other)
        JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = pair.own
        JOIN pg_catalog.pg_attribute u ON u.attrelid = k.confrelid AND u.attnum = pair.other AND u.attname = 'id'
        WHERE k.contype = 'f' AND k.confdeltype = 'c' AND k.confrelid = 'users'::regclass AND c.relkind = 'r'
        ORDER BY 1, 2
    LOOP
        of_table := belonging.name::text;
        IF most = 0 THEN
            EXECUTE pg_catalog.format(
                'SELECT pg_catalog.count(*) FROM (SELECT FROM %s t WHERE t.tenant_id = $1 AND t.%I = $2 AND %s LIMIT 1) AS one',
                belonging.name, belonging.key, CASE WHEN belonging.is_kept THEN 't.written <> $3' ELSE 'true' END)
            INTO erased USING job.tenant_id, job.user_id, erased_text;
        ELSE
            EXECUTE pg_catalog.format(
                CASE WHEN belonging.is_kept THEN 'UPDATE %1$s SET written = $3' ELSE 'DELETE FROM %1$s' END ||
                ' WHERE ctid = ANY (ARRAY(SELECT t.ctid FROM %1$s t WHERE t.tenant_id = $1 AND t.%2$I = $2 AND %3$s LIMIT $4))',
                belonging.name, belonging.key, CASE WHEN belonging.is_kept THEN 't.written <> $3' ELSE 'true' END)
            USING job.tenant_id, job.user_id, erased_text, most;
            GET DIAGNOSTICS erased = ROW_COUNT;
        END IF;
        IF erased > 0 THEN
            RETURN NEXT;
        END IF;
    END LOOP;
END $_$;
COMMENT ON FUNCTION privacy_erase_user_rows(of_job bigint, most integer, erased_text text) IS 'Deletes rows that go with the user of a running erasure';
REVOKE ALL ON FUNCTION privacy_erase_user_rows(of_job bigint, most integer, erased_text text) FROM PUBLIC;


CREATE FUNCTION privacy_finish(of_job bigint, of_fence bigint) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET jit TO 'off'
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
DECLARE
    job privacy_jobs;
BEGIN
    PERFORM FROM privacy_jobs j WHERE j.id = of_job AND j.fence = of_fence AND j.state = 'running' FOR UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    job := privacy_request(of_job, '{customer,user}');
    IF job.user_id IS NOT NULL THEN
        PERFORM audit_log_erase_person(job.tenant_id, job.user_id,
            ARRAY(SELECT n FROM pg_catalog.unnest(job.names) AS n WHERE pg_catalog.strpos(n, '@') > 0));
    END IF;
    UPDATE privacy_jobs SET state = 'done', subject = NULL, names = NULL, pattern = NULL, position = '{}',
        finished_at = pg_catalog.now(), lease_until = NULL, problem = NULL
    WHERE id = of_job;
    RETURN true;
END $$;
COMMENT ON FUNCTION privacy_finish(of_job bigint, of_fence bigint) IS 'Ends an erasure: the audit log and the job forget the person';
REVOKE ALL ON FUNCTION privacy_finish(of_job bigint, of_fence bigint) FROM PUBLIC;


CREATE FUNCTION privacy_of_tenant(of_table regclass) RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
DECLARE
    found text;
BEGIN
    SELECT CASE
        WHEN coalesce(p.relname, c.relname) = 'audit_log' THEN NULL
        WHEN EXISTS (SELECT FROM pg_catalog.pg_attribute a
                     WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND a.atttypid = 'bigint'::regtype)
            THEN 'coalesce(t.tenant_id, $1) = $1'
        WHEN parent.name IS NOT NULL THEN pg_catalog.format(
            'EXISTS (SELECT FROM %I p WHERE p.id = t.%I AND coalesce(p.tenant_id, $1) = $1)', parent.name, parent.key)
    END INTO found
    FROM pg_catalog.pg_class c
    LEFT JOIN pg_catalog.pg_inherits i ON i.inhrelid = c.oid
    LEFT JOIN pg_catalog.pg_class p ON p.oid = i.inhparent
    LEFT JOIN (VALUES ('attach_problems', 'attachments', 'attachment_id'),
                      ('relay_receipts', 'relay_destinations', 'destination_id'),
                      ('webhook_attempts', 'webhook_deliveries', 'delivery_id')) AS parent (child, name, key)
        ON parent.child = c.relname
    WHERE c.oid = of_table AND c.relkind = 'r'
        AND c.relnamespace = (SELECT o.relnamespace FROM pg_catalog.pg_class o WHERE o.oid = 'orders'::regclass);
    IF found IS NULL THEN
        RAISE EXCEPTION '% has no rows that a request of privacy may change', of_table USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN found;
END $_$;
COMMENT ON FUNCTION privacy_of_tenant(of_table regclass) IS 'The condition that a row of a table is of the tenant $1';
REVOKE ALL ON FUNCTION privacy_of_tenant(of_table regclass) FROM PUBLIC;


CREATE FUNCTION privacy_remove_orders(of_tenant bigint, of_ids bigint[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET jit TO 'off'
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
DECLARE
    rule tenants;
    before timestamptz;
BEGIN
    SELECT t.* INTO rule FROM tenants t WHERE t.id = of_tenant AND t.orders_keep_months IS NOT NULL AND t.deletion_at IS NULL;
    before := (pg_catalog.date_trunc('day', pg_catalog.now() AT TIME ZONE rule.timezone)
        - pg_catalog.make_interval(months => rule.orders_keep_months)) AT TIME ZONE rule.timezone;
    IF before IS NULL OR pg_catalog.cardinality(of_ids) <> (
        SELECT pg_catalog.count(*) FROM orders o
        WHERE o.tenant_id = of_tenant AND o.id = ANY (of_ids)
            AND greatest(o.placed_at, o.paid_at, o.shipped_at, o.cancelled_at, o.refunded_at) < before
            AND (NOT rule.orders_open_kept OR o.status IN ('cancelled', 'refunded')
                 OR o.paid_at IS NOT NULL AND o.shipped_at IS NOT NULL)
    ) OR EXISTS (
        SELECT FROM order_events e
        WHERE e.tenant_id = of_tenant AND e.order_id = ANY (of_ids) AND e.occurred_at >= before
    ) THEN
        RAISE EXCEPTION 'the retention of tenant % does not remove all of these orders', of_tenant
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    DELETE FROM order_events WHERE tenant_id = of_tenant AND order_id = ANY (of_ids);
    DELETE FROM orders WHERE tenant_id = of_tenant AND id = ANY (of_ids);
    UPDATE tenants SET orders_removed_before = greatest(orders_removed_before, before) WHERE id = of_tenant;
END $$;
COMMENT ON FUNCTION privacy_remove_orders(of_tenant bigint, of_ids bigint[]) IS 'Deletes orders that are older than the retention of their tenant';
REVOKE ALL ON FUNCTION privacy_remove_orders(of_tenant bigint, of_ids bigint[]) FROM PUBLIC;


CREATE FUNCTION privacy_replace(of_job bigint, of_table regclass, of_row tid, of_version xid, clean jsonb) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET jit TO 'off'
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
DECLARE
    job constant privacy_jobs := privacy_request(of_job, '{customer,user}');
    of_tenant constant text := privacy_of_tenant(of_table);
    sets text;
    named text;
    columns bigint;
    changed bigint;
BEGIN
    SELECT pg_catalog.string_agg(pg_catalog.format('%1$I = n.%1$I', a.attname), ', '),
           -- The names of a document in bytes may be escaped in any way.
           pg_catalog.string_agg(pg_catalog.format(
               CASE WHEN a.atttypid = 'bytea'::regtype
                    THEN 'pg_catalog."position"(n.%1$I, pg_catalog.convert_to($3, ''UTF8'')) > 0'
                    ELSE 't.%1$I::text ~ $2 AND pg_catalog.strpos(n.%1$I::text, $3) > 0' END, a.attname), ' AND '),
           pg_catalog.count(*)
    INTO sets, named, columns
    FROM pg_catalog.jsonb_object_keys(clean) AS k (name)
    JOIN pg_catalog.pg_attribute a ON a.attrelid = of_table AND a.attname = k.name AND a.attnum > 0 AND NOT a.attisdropped
        AND a.atttypid::regtype::text IN ('text', 'varchar', 'character', 'citext', 'jsonb', 'json', 'bytea', 'text[]',
                                          'varchar[]');
    IF columns = 0 OR columns <> (SELECT pg_catalog.count(*) FROM pg_catalog.jsonb_object_keys(clean)) THEN
        RAISE EXCEPTION 'an erasure changes texts, not % of %', clean, of_table USING ERRCODE = 'insufficient_privilege';
    END IF;
    EXECUTE pg_catalog.format(
        'UPDATE ONLY %1$s AS t SET %2$s FROM pg_catalog.jsonb_populate_record(NULL::%1$s, $4) AS n'
        ' WHERE t.ctid = $5 AND t.xmin = $6 AND %3$s AND %4$s', of_table, sets, of_tenant, named)
    USING job.tenant_id, job.pattern, job.pseudonym, clean, of_row, of_version;
    GET DIAGNOSTICS changed = ROW_COUNT;
    RETURN changed > 0;
END $_$;
COMMENT ON FUNCTION privacy_replace(of_job bigint, of_table regclass, of_row tid, of_version xid, clean jsonb) IS 'Replaces the names of a running erasure in one row';
REVOKE ALL ON FUNCTION privacy_replace(of_job bigint, of_table regclass, of_row tid, of_version xid, clean jsonb) FROM PUBLIC;


CREATE FUNCTION privacy_request(of_job bigint, kinds text[]) RETURNS privacy_jobs
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
DECLARE
    job privacy_jobs;
BEGIN
    SELECT j.* INTO job FROM privacy_jobs j JOIN tenants t ON t.id = j.tenant_id
    WHERE j.id = of_job AND j.kind = ANY (kinds) AND j.state = 'running'
        AND CASE j.kind WHEN 'tenant' THEN t.deletion_at <= pg_catalog.now() ELSE j.pattern IS NOT NULL END;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'privacy_jobs has no running request % of the kind %', of_job, pg_catalog.array_to_string(kinds, ' or ')
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN job;
END $$;
COMMENT ON FUNCTION privacy_request(of_job bigint, kinds text[]) IS 'A running erasure or deletion; an error without one';
REVOKE ALL ON FUNCTION privacy_request(of_job bigint, kinds text[]) FROM PUBLIC;


CREATE FUNCTION refund_moment(number text, refunded_at timestamptz, paid_at timestamptz) RETURNS timestamptz
    LANGUAGE plpgsql
    SET jit TO 'off'
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
BEGIN
    -- The five minutes are for clocks that differ.
    IF refunded_at > pg_catalog.now() + pg_catalog.make_interval(mins => 5) THEN
        RAISE EXCEPTION 'the refund of order % is dated in the future: refunded_at is %', number, refunded_at
            USING ERRCODE = 'check_violation', HINT = 'Give the time of the refund, or omit refunded_at: then it counts now.';
    ELSIF refunded_at < paid_at - pg_catalog.make_interval(hours => 24) THEN
        RAISE EXCEPTION 'the refund of order % is dated before its payment: refunded_at is %, paid_at is %',
            number, refunded_at, paid_at
            USING ERRCODE = 'check_violation', HINT = 'Give the time of the refund, or omit refunded_at: then it counts now.';
    END IF;
    RETURN CASE WHEN refunded_at < paid_at THEN paid_at ELSE refunded_at END;
END $$;
COMMENT ON FUNCTION refund_moment(number text, refunded_at timestamptz, paid_at timestamptz) IS 'The moment of a refund''s event, or NULL without refunded_at; refuses one in the future or before the payment';
REVOKE ALL ON FUNCTION refund_moment(number text, refunded_at timestamptz, paid_at timestamptz) FROM PUBLIC;


CREATE FUNCTION relay_receipts_of_events(of_destinations bigint[], of_events bigint[]) RETURNS TABLE(id bigint, destination_id bigint, event_id bigint, acknowledged_at timestamptz, "position" text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET jit TO 'off'
    AS $$
    SELECT r.id, r.destination_id, e.id, r.acknowledged_at, r.positions[pg_catalog.array_position(r.event_ids, e.id)]
    FROM pg_catalog.unnest(of_events) AS e (id) JOIN relay_receipts r ON r.events @> e.id
        AND r.destination_id = ANY (of_destinations) AND pg_catalog.array_position(r.event_ids, e.id) IS NOT NULL
    WHERE EXISTS (
        SELECT FROM relay_destinations d WHERE d.id = r.destination_id
            AND (tenancy_may_read(d.tenant_id) OR d.tenant_id IS NULL AND tenancy_is_only(tenancy_tenant())))
$$;
COMMENT ON FUNCTION relay_receipts_of_events(of_destinations bigint[], of_events bigint[]) IS 'The receipts of these events at these destinations, of those that the tenant sees.';
REVOKE ALL ON FUNCTION relay_receipts_of_events(of_destinations bigint[], of_events bigint[]) FROM PUBLIC;


CREATE FUNCTION retention_cutoff(keep_days integer) RETURNS timestamptz
    LANGUAGE sql STABLE
    RETURN (now() - make_interval(hours => (24 * keep_days)));
COMMENT ON FUNCTION retention_cutoff(keep_days integer) IS 'Events recorded before this moment may be dropped. In hours, because a local day may have 23 or 25.';
REVOKE ALL ON FUNCTION retention_cutoff(keep_days integer) FROM PUBLIC;


CREATE FUNCTION tenancy_account_of_email(of_email text) RETURNS TABLE(tenant_id bigint, is_closed boolean)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET jit TO 'off'
    AS $$
    SELECT u.tenant_id, u.password_hash IS NOT NULL OR u.disabled_at IS NOT NULL FROM users u
    WHERE pg_catalog.lower(u.email) = pg_catalog.lower(of_email)
$$;
COMMENT ON FUNCTION tenancy_account_of_email(of_email text) IS 'The tenant of the user with this e-mail, and whether the account takes no invitation.';
REVOKE ALL ON FUNCTION tenancy_account_of_email(of_email text) FROM PUBLIC;


CREATE FUNCTION tenancy_has_sso() RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET jit TO 'off'
    AS $$ SELECT EXISTS (SELECT FROM sso_domains d JOIN sso_connections c ON c.tenant_id = d.tenant_id) $$;
COMMENT ON FUNCTION tenancy_has_sso() IS 'Whether any tenant has single sign-on: then the sign-in page offers it.';
REVOKE ALL ON FUNCTION tenancy_has_sso() FROM PUBLIC;


CREATE FUNCTION tenancy_idle_sessions(of_ids uuid[], unused_since timestamptz) RETURNS SETOF uuid
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET jit TO 'off'
    AS $$ SELECT s.id FROM user_sessions s WHERE s.id = ANY (of_ids) AND s.seen_at < unused_since $$;
COMMENT ON FUNCTION tenancy_idle_sessions(of_ids uuid[], unused_since timestamptz) IS 'Those of these sessions that were not used since a moment.';
REVOKE ALL ON FUNCTION tenancy_idle_sessions(of_ids uuid[], unused_since timestamptz) FROM PUBLIC;


CREATE FUNCTION tenancy_is_only(of_tenant bigint) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET jit TO 'off'
    AS $$ SELECT NOT EXISTS (SELECT FROM tenants WHERE id <> of_tenant) $$;
COMMENT ON FUNCTION tenancy_is_only(of_tenant bigint) IS 'Whether there is no other tenant: then its managers see what belongs to all tenants.';
REVOKE ALL ON FUNCTION tenancy_is_only(of_tenant bigint) FROM PUBLIC;


CREATE FUNCTION tenancy_may_read(of_tenant bigint) RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    SELECT of_tenant IS NOT DISTINCT FROM tenancy_tenant() OR NOT EXISTS (
        SELECT FROM pg_catalog.pg_policy p
        CROSS JOIN LATERAL pg_catalog.unnest(p.polroles) AS confined (role)
        JOIN pg_catalog.pg_roles r ON r.rolname = session_user
        WHERE p.polrelid = 'orders'::regclass AND NOT p.polpermissive
            AND confined.role <> 0 AND NOT r.rolsuper AND NOT r.rolbypassrls
            AND pg_catalog.pg_has_role(r.oid, confined.role, 'USAGE'))
$$;
COMMENT ON FUNCTION tenancy_may_read(of_tenant bigint) IS 'Whether the session may read rows of this tenant: of the transaction''s own, or of any without a policy of its role.';
REVOKE ALL ON FUNCTION tenancy_may_read(of_tenant bigint) FROM PUBLIC;


CREATE FUNCTION tenancy_of_email(of_email text) RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET jit TO 'off'
    AS $$ SELECT tenant_id FROM users WHERE pg_catalog.lower(email) = pg_catalog.lower(of_email) $$;
COMMENT ON FUNCTION tenancy_of_email(of_email text) IS 'The tenant of the user with this e-mail: sign-in.';
REVOKE ALL ON FUNCTION tenancy_of_email(of_email text) FROM PUBLIC;


CREATE FUNCTION tenancy_of_invitation(of_hash bytea) RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET jit TO 'off'
    AS $$ SELECT tenant_id FROM invitations WHERE token_hash = of_hash $$;
COMMENT ON FUNCTION tenancy_of_invitation(of_hash bytea) IS 'The tenant of an invitation, given as the sha256 of its token.';
REVOKE ALL ON FUNCTION tenancy_of_invitation(of_hash bytea) FROM PUBLIC;


CREATE FUNCTION tenancy_of_passkey(of_credential bytea) RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET jit TO 'off'
    AS $$ SELECT tenant_id FROM passkeys WHERE credential_id = of_credential $$;
COMMENT ON FUNCTION tenancy_of_passkey(of_credential bytea) IS 'The tenant of the user with this passkey.';
REVOKE ALL ON FUNCTION tenancy_of_passkey(of_credential bytea) FROM PUBLIC;


CREATE FUNCTION tenancy_of_password_reset(of_hash bytea) RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET jit TO 'off'
    AS $$ SELECT tenant_id FROM password_resets WHERE token_hash = of_hash $$;
COMMENT ON FUNCTION tenancy_of_password_reset(of_hash bytea) IS 'The tenant of a link for a new password, given as the sha256 of its token.';
REVOKE ALL ON FUNCTION tenancy_of_password_reset(of_hash bytea) FROM PUBLIC;


CREATE FUNCTION tenancy_of_slug(of_slug text) RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET jit TO 'off'
    AS $$ SELECT id FROM tenants WHERE slug = of_slug $$;
COMMENT ON FUNCTION tenancy_of_slug(of_slug text) IS 'The tenant of this slug: the demo.';
REVOKE ALL ON FUNCTION tenancy_of_slug(of_slug text) FROM PUBLIC;


CREATE FUNCTION tenancy_of_sso_domain(of_domain text) RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET jit TO 'off'
    AS $$
    SELECT d.tenant_id FROM sso_domains d JOIN sso_connections c ON c.tenant_id = d.tenant_id WHERE d.domain = of_domain
$$;
COMMENT ON FUNCTION tenancy_of_sso_domain(of_domain text) IS 'The tenant with single sign-on whose people have addresses of this domain.';
REVOKE ALL ON FUNCTION tenancy_of_sso_domain(of_domain text) FROM PUBLIC;


CREATE FUNCTION tenancy_of_tv_link(of_hash bytea) RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET jit TO 'off'
    AS $$ SELECT tenant_id FROM tv_links WHERE token_hash = of_hash $$;
COMMENT ON FUNCTION tenancy_of_tv_link(of_hash bytea) IS 'The tenant of the TV with this token, given as its sha256.';
REVOKE ALL ON FUNCTION tenancy_of_tv_link(of_hash bytea) FROM PUBLIC;


CREATE FUNCTION tenancy_of_user(of_user bigint) RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET jit TO 'off'
    AS $$ SELECT tenant_id FROM users WHERE id = of_user $$;
COMMENT ON FUNCTION tenancy_of_user(of_user bigint) IS 'The tenant of the user with this id: steps of a sign-in whose cookie names the user.';
REVOKE ALL ON FUNCTION tenancy_of_user(of_user bigint) FROM PUBLIC;


CREATE FUNCTION tenancy_only_sso() RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET jit TO 'off'
    AS $$
    SELECT c.tenant_id FROM sso_connections c
    WHERE EXISTS (SELECT FROM sso_domains d WHERE d.tenant_id = c.tenant_id) AND tenancy_is_only(c.tenant_id)
$$;
COMMENT ON FUNCTION tenancy_only_sso() IS 'The tenant of an installation for one company, if it has single sign-on.';
REVOKE ALL ON FUNCTION tenancy_only_sso() FROM PUBLIC;


CREATE FUNCTION tenancy_other_program(role text) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
BEGIN
    IF role = session_user THEN
        RETURN NULL;
    END IF;
    PERFORM FROM pg_catalog.pg_roles r
    WHERE r.rolname = role AND (
        r.oid = (SELECT c.relowner FROM pg_catalog.pg_class c WHERE c.oid = 'orders'::regclass)
        OR NOT r.rolsuper AND pg_catalog.has_function_privilege(r.oid, 'doorbell_actor()'::regprocedure, 'EXECUTE'));
    RETURN CASE WHEN NOT FOUND THEN role END;
END $$;
COMMENT ON FUNCTION tenancy_other_program(role text) IS 'The name of a role that is not of a process of Doorbell, else NULL.';
REVOKE ALL ON FUNCTION tenancy_other_program(role text) FROM PUBLIC;


CREATE FUNCTION tenancy_protect(tenant_table regclass) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
BEGIN
    EXECUTE pg_catalog.format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', tenant_table);
    EXECUTE pg_catalog.format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', tenant_table);
    EXECUTE pg_catalog.format('DROP POLICY IF EXISTS everyone ON %s', tenant_table);
    EXECUTE pg_catalog.format('CREATE POLICY everyone ON %s USING (true) WITH CHECK (true)', tenant_table);
END $$;
COMMENT ON FUNCTION tenancy_protect(tenant_table regclass) IS 'Enables and forces row-level security on a table with rows of tenants.';
REVOKE ALL ON FUNCTION tenancy_protect(tenant_table regclass) FROM PUBLIC;


CREATE FUNCTION tenancy_relay_is_late(late_seconds double precision) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET jit TO 'off'
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    SELECT EXISTS (
        SELECT FROM relay_destinations d JOIN outbox_readers r ON r.name = 'relay ' || d.name
        CROSS JOIN LATERAL (
            SELECT e.* FROM order_events e
            WHERE e.xid >= pg_catalog.pg_snapshot_xmax(r.snapshot)
                AND e.xid < pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())
            UNION ALL
            SELECT e.* FROM order_events e WHERE e.xid = ANY (ARRAY(SELECT pg_catalog.pg_snapshot_xip(r.snapshot)))
        ) AS e
        WHERE d.state <> 'paused'
            AND e.recorded_at < pg_catalog.clock_timestamp() - pg_catalog.make_interval(secs => late_seconds)
            AND (r.target IS NULL OR e.id > r.last_id OR NOT pg_catalog.pg_visible_in_snapshot(e.xid, r.target))
            AND (d.tenant_id IS NULL OR e.tenant_id = d.tenant_id)
            AND (d.types IS NULL OR e.type = ANY (d.types))
            AND (d.recorded_from IS NULL OR e.recorded_at >= d.recorded_from)
            AND EXISTS (SELECT FROM tenants t WHERE t.id = e.tenant_id))
$$;
COMMENT ON FUNCTION tenancy_relay_is_late(late_seconds double precision) IS 'Whether an event has waited this long for a destination of any tenant: /readyz.';
REVOKE ALL ON FUNCTION tenancy_relay_is_late(late_seconds double precision) FROM PUBLIC;


CREATE FUNCTION tenancy_release_push_endpoint(of_endpoint text) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET jit TO 'off'
    AS $$ DELETE FROM push_subscriptions WHERE endpoint = of_endpoint AND tenant_id IS DISTINCT FROM tenancy_tenant() $$;
COMMENT ON FUNCTION tenancy_release_push_endpoint(of_endpoint text) IS 'A browser that another tenant''s user subscribes belongs to the former user no more. Its address is a secret.';
REVOKE ALL ON FUNCTION tenancy_release_push_endpoint(of_endpoint text) FROM PUBLIC;


CREATE FUNCTION tenancy_revoked_tv_links(since timestamptz) RETURNS SETOF bigint
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET jit TO 'off'
    AS $$ SELECT id FROM tv_links WHERE revoked_at > since $$;
COMMENT ON FUNCTION tenancy_revoked_tv_links(since timestamptz) IS 'The links that were revoked since a moment.';
REVOKE ALL ON FUNCTION tenancy_revoked_tv_links(since timestamptz) FROM PUBLIC;


CREATE FUNCTION tenancy_see_sessions(of_ids uuid[], fresh_seconds double precision) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET jit TO 'off'
    AS $$
    UPDATE user_sessions SET seen_at = pg_catalog.now() WHERE id IN (
        SELECT s.id FROM user_sessions s
        WHERE s.id = ANY (of_ids) AND s.seen_at < pg_catalog.now() - pg_catalog.make_interval(secs => fresh_seconds)
        FOR UPDATE SKIP LOCKED)
$$;
COMMENT ON FUNCTION tenancy_see_sessions(of_ids uuid[], fresh_seconds double precision) IS 'Notes that sessions of users of all tenants are in use.';
REVOKE ALL ON FUNCTION tenancy_see_sessions(of_ids uuid[], fresh_seconds double precision) FROM PUBLIC;


CREATE FUNCTION tenancy_session_tenants(of_ids bigint[]) RETURNS SETOF tenants
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET jit TO 'off'
    AS $$
BEGIN
    RETURN QUERY SELECT * FROM tenants t WHERE t.id IN (SELECT u.tenant_id FROM users u WHERE u.id = ANY (of_ids));
END $$;
COMMENT ON FUNCTION tenancy_session_tenants(of_ids bigint[]) IS 'The tenants of these users.';
REVOKE ALL ON FUNCTION tenancy_session_tenants(of_ids bigint[]) FROM PUBLIC;


CREATE FUNCTION tenancy_session_users(of_ids bigint[]) RETURNS SETOF users
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET jit TO 'off'
    AS $$
DECLARE
    found users%ROWTYPE;
BEGIN
    FOR found IN SELECT * FROM users WHERE id = ANY (of_ids) LOOP
        found.password_hash := NULL;
        RETURN NEXT found;
    END LOOP;
END $$;
COMMENT ON FUNCTION tenancy_session_users(of_ids bigint[]) IS 'The users of these cookies, without their password hashes: one query for requests of many tenants.';
REVOKE ALL ON FUNCTION tenancy_session_users(of_ids bigint[]) FROM PUBLIC;


CREATE FUNCTION tenancy_slug_of_sso_domain(of_domain text) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET jit TO 'off'
    AS $$ SELECT t.slug FROM sso_domains d JOIN tenants t ON t.id = d.tenant_id WHERE d.domain = of_domain $$;
COMMENT ON FUNCTION tenancy_slug_of_sso_domain(of_domain text) IS 'The slug of the tenant that has this domain, with or without a connection.';
REVOKE ALL ON FUNCTION tenancy_slug_of_sso_domain(of_domain text) FROM PUBLIC;


CREATE FUNCTION tenancy_standings(of_ids bigint[], ended_since timestamptz) RETURNS TABLE(id bigint, tenant_id bigint, is_disabled boolean, sessions_from timestamptz, lacks_factor boolean)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET jit TO 'off'
    AS $$
    SELECT u.id, u.tenant_id, u.disabled_at IS NOT NULL, u.sessions_from,
        t.requires_second_factor AND u.second_factor_at IS NULL
    FROM (
        SELECT * FROM users WHERE users.id = ANY (of_ids)
        UNION ALL
        SELECT * FROM users WHERE users.sessions_from > ended_since
    ) AS u JOIN tenants t ON t.id = u.tenant_id
$$;
COMMENT ON FUNCTION tenancy_standings(of_ids bigint[], ended_since timestamptz) IS 'Whether the sessions of users are valid: of these users, and of those whose sessions ended since a moment.';
REVOKE ALL ON FUNCTION tenancy_standings(of_ids bigint[], ended_since timestamptz) FROM PUBLIC;


CREATE FUNCTION tenancy_tenant() RETURNS bigint
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (NULLIF(current_setting('doorbell.tenant'::text, true), ''::text))::bigint;
COMMENT ON FUNCTION tenancy_tenant() IS 'The tenant of this transaction, NULL without one: then no policy of a web role lets a row through.';
REVOKE ALL ON FUNCTION tenancy_tenant() FROM PUBLIC;


CREATE FUNCTION tenancy_user_of_email(of_email text) RETURNS TABLE(id bigint, tenant_id bigint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET jit TO 'off'
    AS $$ SELECT u.id, u.tenant_id FROM users u WHERE pg_catalog.lower(u.email) = pg_catalog.lower(of_email) $$;
COMMENT ON FUNCTION tenancy_user_of_email(of_email text) IS 'The user of any tenant with this e-mail: single sign-on refuses an address of another tenant.';
REVOKE ALL ON FUNCTION tenancy_user_of_email(of_email text) FROM PUBLIC;


CREATE FUNCTION tenancy_valid_tv_links(of_ids bigint[]) RETURNS SETOF bigint
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET jit TO 'off'
    AS $$ SELECT id FROM tv_links WHERE id = ANY (of_ids) AND revoked_at IS NULL $$;
COMMENT ON FUNCTION tenancy_valid_tv_links(of_ids bigint[]) IS 'Those of these links that are not revoked.';
REVOKE ALL ON FUNCTION tenancy_valid_tv_links(of_ids bigint[]) FROM PUBLIC;


CREATE FUNCTION tenancy_write_sessions(ids uuid[], user_ids bigint[], ends bigint[], sinces bigint[], addresses text[], browsers text[], lifetime_seconds double precision, signed_in_by text) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET jit TO 'off'
    AS $$
    INSERT INTO user_sessions AS s
        (tenant_id, id, user_id, began_at, seen_at, ends_at, sessions_from, method, address, browser)
    SELECT u.tenant_id, v.id, u.id,
        least(pg_catalog.now(), pg_catalog.to_timestamp(v.ends) - pg_catalog.make_interval(secs => lifetime_seconds)),
        pg_catalog.now(), pg_catalog.to_timestamp(v.ends), u.sessions_from, signed_in_by, v.address, v.browser
    FROM unnest(ids, user_ids, ends, sinces, addresses, browsers) AS v (id, user_id, ends, since, address, browser)
    JOIN users u ON u.id = v.user_id
        AND CAST(extract(epoch FROM u.sessions_from) * 1000000 AS bigint) IS NOT DISTINCT FROM v.since
    WHERE NOT EXISTS (SELECT FROM ended_sessions e WHERE e.id = v.id)
    ORDER BY v.id
    ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at, address = excluded.address, browser = excluded.browser
    WHERE s.user_id = excluded.user_id
$$;
COMMENT ON FUNCTION tenancy_write_sessions(ids uuid[], user_ids bigint[], ends bigint[], sinces bigint[], addresses text[], browsers text[], lifetime_seconds double precision, signed_in_by text) IS 'Notes when, from where and with which browser the sessions of users of all tenants were used last.';
REVOKE ALL ON FUNCTION tenancy_write_sessions(ids uuid[], user_ids bigint[], ends bigint[], sinces bigint[], addresses text[], browsers text[], lifetime_seconds double precision, signed_in_by text) FROM PUBLIC;


CREATE FUNCTION users_admin_removed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET jit TO 'off'
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
BEGIN
    UPDATE invitations SET revoked_at = pg_catalog.now()
    WHERE tenant_id = OLD.tenant_id AND created_by = OLD.id AND accepted_at IS NULL AND revoked_at IS NULL;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION users_admin_removed() IS 'Trigger: revokes the open invitations of an admin who is not one any more';
REVOKE ALL ON FUNCTION users_admin_removed() FROM PUBLIC;


CREATE FUNCTION users_updated() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    IF NEW.role <> OLD.role
        OR (NEW.disabled_at IS NOT NULL AND OLD.disabled_at IS NULL)
        OR (NEW.password_hash IS DISTINCT FROM OLD.password_hash
            AND current_setting('doorbell.same_password', true) IS DISTINCT FROM 'on')
    THEN
        NEW.sessions_from := clock_timestamp();
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION users_updated() IS 'Ends a user''s sessions when the password or the role changes or the user is disabled.';
REVOKE ALL ON FUNCTION users_updated() FROM PUBLIC;


-- Indexes ---------------------------------------------------------------------------------------------------------------------

CREATE UNIQUE INDEX uq_attach_problems_row ON attach_problems USING btree (attachment_id, external_id);
COMMENT ON INDEX uq_attach_problems_row IS 'attach_problem(): one problem per row';

CREATE INDEX ix_audit_log_actor ON audit_log USING btree (tenant_id, actor_id, at DESC, id DESC);
COMMENT ON INDEX ix_audit_log_actor IS 'queries/audit_log.py: entries of a user, newest first; erasure of a user';

CREATE INDEX ix_audit_log_address ON audit_log USING btree (tenant_id, address, at DESC, id DESC);
COMMENT ON INDEX ix_audit_log_address IS 'queries/audit_log.py: entries from an address, newest first';

CREATE INDEX ix_audit_log_at ON audit_log USING btree (tenant_id, at DESC, id DESC);
COMMENT ON INDEX ix_audit_log_at IS 'queries/audit_log.py: entries of a tenant, newest first; removal of old months';

CREATE INDEX ix_audit_log_kind ON audit_log USING btree (tenant_id, kind, at DESC, id DESC);
COMMENT ON INDEX ix_audit_log_kind IS 'queries/audit_log.py: entries of a kind, newest first';

CREATE INDEX ix_audit_log_subject ON audit_log USING btree (tenant_id, subject_key, at DESC, id DESC);
COMMENT ON INDEX ix_audit_log_subject IS 'queries/audit_log.py: entries whose subject begins with a text; erasure of an e-mail';

CREATE INDEX ix_audit_log_xid ON audit_log USING btree (xid);
COMMENT ON INDEX ix_audit_log_xid IS 'audit/follower.py: entries that were committed since the last run; the triggers: entries of this transaction';

CREATE INDEX ix_ended_sessions_ended_at ON ended_sessions USING btree (ended_at);
COMMENT ON INDEX ix_ended_sessions_ended_at IS 'webapp/streams/revocation.py: recently ended sessions';

CREATE UNIQUE INDEX uq_invitations_open_email ON invitations USING btree (tenant_id, lower(email)) WHERE ((accepted_at IS NULL) AND (revoked_at IS NULL));
COMMENT ON INDEX uq_invitations_open_email IS 'invitations/store.py: one open invitation per address and tenant; the list of open ones';

CREATE INDEX ix_notifications_inbox ON notifications USING btree (tenant_id, user_id, id DESC);
COMMENT ON INDEX ix_notifications_inbox IS 'webapp/queries/inbox.py: a user''s list, newest first';

CREATE INDEX ix_notifications_order ON notifications USING btree (tenant_id, order_id);
COMMENT ON INDEX ix_notifications_order IS 'the foreign key to orders: the notifications of a deleted order';

CREATE INDEX ix_notifications_type ON notifications USING btree (tenant_id, user_id, type, id DESC);
COMMENT ON INDEX ix_notifications_type IS 'webapp/queries/inbox_page.py: the notifications of a kind, newest first';

CREATE INDEX ix_notifications_unread ON notifications USING btree (tenant_id, user_id, xid) WHERE (read_at IS NULL);
COMMENT ON INDEX ix_notifications_unread IS 'webapp/queries/inbox.py: the number of unread notifications; webapp/queries/new_items.py: those since a snapshot';

CREATE INDEX ix_notifications_unread_list ON notifications USING btree (tenant_id, user_id, id DESC) WHERE (read_at IS NULL);
COMMENT ON INDEX ix_notifications_unread_list IS 'webapp/queries/inbox_page.py: the unread notifications of a user, newest first';

CREATE INDEX ix_order_comments_order ON order_comments USING btree (tenant_id, order_id, id);
COMMENT ON INDEX ix_order_comments_order IS 'webapp/comments/reading.py: the comments of an order; the foreign key to orders';

CREATE INDEX ix_order_events_order ON order_events USING btree (tenant_id, order_id, id DESC);
COMMENT ON INDEX ix_order_events_order IS 'webapp/queries/order_page.py: an order''s history; webapp/queries/recent_orders.py: its last event; webapp/rollups/refresh.py: its refunds';

CREATE INDEX ix_order_events_refunds ON order_events USING btree (tenant_id, occurred_at) WHERE (type = 'refunded'::text);
COMMENT ON INDEX ix_order_events_refunds IS 'webapp/queries/revenue.py, webapp/queries/revenue_by_hour.py, webapp/queries/salespeople.py, webapp/rollups/refresh.py: refunds made in a period';

CREATE INDEX ix_order_events_xid ON order_events USING btree (xid);
COMMENT ON INDEX ix_order_events_xid IS 'webapp/outbox/unread.py: events committed since a cursor; order_events_unread_reason(): whether a month may be dropped';

CREATE INDEX ix_orders_cancelled ON orders USING btree (tenant_id, cancelled_at) WHERE (cancelled_at IS NOT NULL);
COMMENT ON INDEX ix_orders_cancelled IS 'webapp/queries/order_walk.py: orders cancelled in a time';

CREATE INDEX ix_orders_customer ON orders USING btree (tenant_id, order_customer_key(customer), placed_at DESC, id DESC) INCLUDE (total_minor);
COMMENT ON INDEX ix_orders_customer IS 'webapp/queries/customer_orders.py: the other orders of a customer';

CREATE INDEX ix_orders_owner_status ON orders USING btree (tenant_id, owner_id, status, placed_at DESC, id DESC);
COMMENT ON INDEX ix_orders_owner_status IS 'webapp/queries/order_search.py: orders of a salesperson, newest first; the foreign key to users: whether a deleted user owns orders';

CREATE INDEX ix_orders_paid ON orders USING btree (tenant_id, paid_at) WHERE (paid_at IS NOT NULL);
COMMENT ON INDEX ix_orders_paid IS 'webapp/queries/revenue.py, webapp/queries/revenue_by_hour.py, webapp/queries/average_order.py, webapp/queries/salespeople.py, webapp/rollups/refresh.py: orders paid in a period';

CREATE INDEX ix_orders_recent ON orders USING btree (tenant_id, placed_at DESC, id DESC);
COMMENT ON INDEX ix_orders_recent IS 'webapp/queries/recent_orders.py, webapp/queries/orders_today.py, webapp/queries/order_search.py, webapp/rollups/refresh.py: orders placed in a period, newest first';

CREATE INDEX ix_orders_refunded ON orders USING btree (tenant_id, id) INCLUDE (refunded_minor) WHERE (refunded_minor > 0);
COMMENT ON INDEX ix_orders_refunded IS 'webapp/orders/missing_refunds.py: refunds without an event';

CREATE INDEX ix_orders_search ON orders USING gin (order_search_terms(tenant_id, placed_at, owner_id, number, customer)) WITH (fastupdate=off);
COMMENT ON INDEX ix_orders_search IS 'webapp/queries/order_search.py: words of the customer, the number and the owner, through order_search()';

CREATE INDEX ix_orders_shipped ON orders USING btree (tenant_id, shipped_at) WHERE (shipped_at IS NOT NULL);
COMMENT ON INDEX ix_orders_shipped IS 'webapp/queries/order_walk.py: orders shipped in a time';

CREATE INDEX ix_orders_source_total ON orders USING btree (tenant_id, source, total_minor);
COMMENT ON INDEX ix_orders_source_total IS 'webapp/queries/order_walk.py: the few orders of a source or an amount; webapp/queries/order_sources.py: the sources of a tenant';

CREATE INDEX ix_orders_status ON orders USING btree (tenant_id, status, placed_at DESC, id DESC);
COMMENT ON INDEX ix_orders_status IS 'webapp/queries/order_search.py: orders of a status, newest first';

CREATE UNIQUE INDEX uq_orders_external_id ON orders USING btree (source, external_id, tenant_id) WHERE (external_id IS NOT NULL);
COMMENT ON INDEX uq_orders_external_id IS 'webapp/attach/mapped_sql.py: the order of a row of an attached table';

CREATE UNIQUE INDEX uq_orders_idempotency_key ON orders USING btree (tenant_id, idempotency_key) WHERE (idempotency_key IS NOT NULL);
COMMENT ON INDEX uq_orders_idempotency_key IS 'webapp/orders/verbs.py: a form that is sent twice places one order';

CREATE INDEX ix_passkeys_user ON passkeys USING btree (tenant_id, user_id);
COMMENT ON INDEX ix_passkeys_user IS 'webapp/second_factor/passkeys.py: the passkeys of a user; the foreign key to users';

CREATE INDEX ix_password_resets_user ON password_resets USING btree (tenant_id, user_id);
COMMENT ON INDEX ix_password_resets_user IS 'accounts/password_reset.py: the links of a user; the foreign key to users';

CREATE INDEX ix_privacy_jobs_open ON privacy_jobs USING btree (due_at) WHERE (state = ANY (ARRAY['waiting'::text, 'queued'::text, 'running'::text]));
COMMENT ON INDEX ix_privacy_jobs_open IS 'privacy/jobs.py: the job that is due longest';

CREATE INDEX ix_privacy_jobs_tenant ON privacy_jobs USING btree (tenant_id, id);
COMMENT ON INDEX ix_privacy_jobs_tenant IS 'privacy/jobs.py: the newest jobs of a tenant; the foreign key to tenants';

CREATE INDEX ix_push_subscriptions_session ON push_subscriptions USING btree (session_id);
COMMENT ON INDEX ix_push_subscriptions_session IS 'push/subscriptions.py: the subscription of a session that ends';

CREATE INDEX ix_push_subscriptions_user ON push_subscriptions USING btree (tenant_id, user_id);
COMMENT ON INDEX ix_push_subscriptions_user IS 'push/subscriptions.py: the browsers of a user; the foreign key to users';

CREATE INDEX ix_relay_audit_destination ON relay_audit USING btree (destination, id);
COMMENT ON INDEX ix_relay_audit_destination IS 'relay/audit.py: the newest entries of a destination';

CREATE INDEX ix_relay_held_events_order ON relay_held_events USING btree (destination_id, order_id, event_id);
COMMENT ON INDEX ix_relay_held_events_order IS 'relay/held.py: the held events of an order, in order';

CREATE INDEX ix_relay_held_events_tenant ON relay_held_events USING btree (tenant_id, order_id);
COMMENT ON INDEX ix_relay_held_events_tenant IS 'relay/journey.py: the held events of one order';

CREATE INDEX ix_relay_receipts_destination ON relay_receipts USING btree (destination_id, acknowledged_at);
COMMENT ON INDEX ix_relay_receipts_destination IS 'relay/retention.py: old receipts';

CREATE INDEX ix_relay_receipts_events ON relay_receipts USING gist (events);
COMMENT ON INDEX ix_relay_receipts_events IS 'relay/journey.py: where one event was acknowledged';

CREATE INDEX ix_relay_replays_destination ON relay_replays USING btree (destination_id, id);
COMMENT ON INDEX ix_relay_replays_destination IS 'relay/replays.py: the running replays of a destination';

CREATE UNIQUE INDEX uq_sales_targets ON sales_targets USING btree (tenant_id, COALESCE(owner_id, (0)::bigint), period);

CREATE INDEX ix_tv_links_revoked ON tv_links USING btree (revoked_at) WHERE (revoked_at IS NOT NULL);
COMMENT ON INDEX ix_tv_links_revoked IS 'streams/revocation.py: links that were revoked in the last minute; their removal';

CREATE INDEX ix_uploads_jobs ON uploads USING btree (queued_at) WHERE (state = ANY (ARRAY['queued'::text, 'running'::text]));
COMMENT ON INDEX ix_uploads_jobs IS 'uploads/jobs.py: the job that waits longest; doctor/uploads.py';

CREATE INDEX ix_user_sessions_user ON user_sessions USING btree (tenant_id, user_id);
COMMENT ON INDEX ix_user_sessions_user IS 'accounts/own_sessions.py: the sessions of a user; the foreign key to users';

CREATE INDEX ix_users_sessions_from ON users USING btree (sessions_from) WHERE (sessions_from IS NOT NULL);
COMMENT ON INDEX ix_users_sessions_from IS 'webapp/streams/revocation.py: users with recently ended sessions';

CREATE UNIQUE INDEX uq_users_email_lower ON users USING btree (lower(email));

CREATE INDEX ix_webhook_attempts_at ON webhook_attempts USING brin (at);
COMMENT ON INDEX ix_webhook_attempts_at IS 'relay/retention.py: old attempts';

CREATE INDEX ix_webhook_attempts_delivery ON webhook_attempts USING btree (delivery_id, id);
COMMENT ON INDEX ix_webhook_attempts_delivery IS 'the foreign key; queries/relay.py: the attempts of a delivery';

CREATE INDEX ix_webhook_deliveries_dead ON webhook_deliveries USING btree (destination_id, id) WHERE (state = 'dead'::text);
COMMENT ON INDEX ix_webhook_deliveries_dead IS 'queries/relay.py: whether a webhook has dead letters, and which';

CREATE INDEX ix_webhook_deliveries_done ON webhook_deliveries USING btree (done_at);
COMMENT ON INDEX ix_webhook_deliveries_done IS 'relay/retention.py: old deliveries';

CREATE INDEX ix_webhook_deliveries_due ON webhook_deliveries USING btree (destination_id, is_blocked, next_at, id) WHERE (state = 'waiting'::text);
COMMENT ON INDEX ix_webhook_deliveries_due IS 'relay/deliveries.py: the next deliveries of a webhook';

CREATE INDEX ix_webhook_deliveries_open ON webhook_deliveries USING btree (destination_id, order_id, COALESCE(replay_id, (0)::bigint), id) WHERE (state = ANY (ARRAY['waiting'::text, 'dead'::text]));
COMMENT ON INDEX ix_webhook_deliveries_open IS 'relay/deliveries.py: whether an earlier delivery of the order is open';

CREATE INDEX ix_webhook_deliveries_order ON webhook_deliveries USING btree (tenant_id, order_id);
COMMENT ON INDEX ix_webhook_deliveries_order IS 'relay/journey.py: the deliveries of one order';

CREATE INDEX ix_webhook_deliveries_recent ON webhook_deliveries USING btree (destination_id, id DESC);
COMMENT ON INDEX ix_webhook_deliveries_recent IS 'queries/relay.py: the newest deliveries of a webhook';


-- Triggers --------------------------------------------------------------------------------------------------------------------

CREATE TRIGGER audit_log_deleted AFTER DELETE ON audit_log REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION audit_log_deleted();
CREATE TRIGGER audit_log_inserting BEFORE INSERT ON audit_log FOR EACH ROW EXECUTE FUNCTION audit_log_inserting();
CREATE TRIGGER audit_log_truncating BEFORE TRUNCATE ON audit_log FOR EACH STATEMENT EXECUTE FUNCTION audit_log_truncating();
CREATE TRIGGER audit_log_updating BEFORE UPDATE ON audit_log FOR EACH ROW EXECUTE FUNCTION audit_log_updating();
CREATE TRIGGER order_events_inserted AFTER INSERT ON order_events REFERENCING NEW TABLE AS new_events FOR EACH STATEMENT EXECUTE FUNCTION order_events_inserted();
CREATE TRIGGER order_lines_deleted AFTER DELETE ON order_lines REFERENCING OLD TABLE AS changed_lines FOR EACH STATEMENT EXECUTE FUNCTION order_lines_changed();
CREATE TRIGGER order_lines_inserted AFTER INSERT ON order_lines REFERENCING NEW TABLE AS changed_lines FOR EACH STATEMENT EXECUTE FUNCTION order_lines_changed();
CREATE TRIGGER order_lines_truncated AFTER TRUNCATE ON order_lines FOR EACH STATEMENT EXECUTE FUNCTION order_lines_changed();
CREATE TRIGGER order_lines_updated_from AFTER UPDATE ON order_lines REFERENCING OLD TABLE AS changed_lines FOR EACH STATEMENT EXECUTE FUNCTION order_lines_changed();
CREATE TRIGGER order_lines_updated_to AFTER UPDATE ON order_lines REFERENCING NEW TABLE AS changed_lines FOR EACH STATEMENT EXECUTE FUNCTION order_lines_changed();
CREATE TRIGGER orders_deleted AFTER DELETE ON orders REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION orders_deleted();
CREATE TRIGGER orders_inserted AFTER INSERT ON orders REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION orders_inserted();
CREATE TRIGGER orders_truncated BEFORE TRUNCATE ON orders FOR EACH STATEMENT EXECUTE FUNCTION orders_truncated();
CREATE TRIGGER orders_updated AFTER UPDATE ON orders REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION orders_updated();
CREATE TRIGGER users_admin_removed AFTER UPDATE OF role, disabled_at ON users FOR EACH ROW WHEN (((old.role = 'admin'::text) AND (old.disabled_at IS NULL) AND ((new.role <> 'admin'::text) OR (new.disabled_at IS NOT NULL)))) EXECUTE FUNCTION users_admin_removed();
CREATE TRIGGER users_updated BEFORE UPDATE OF password_hash, role, disabled_at ON users FOR EACH ROW EXECUTE FUNCTION users_updated();


-- Row-level security ----------------------------------------------------------------------------------------------------------

ALTER TABLE answered_challenges ENABLE ROW LEVEL SECURITY;
ALTER TABLE attach_problems ENABLE ROW LEVEL SECURITY;
ALTER TABLE attachments ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_log ENABLE ROW LEVEL SECURITY;
ALTER TABLE authenticator_apps ENABLE ROW LEVEL SECURITY;
ALTER TABLE holidays ENABLE ROW LEVEL SECURITY;
ALTER TABLE invitations ENABLE ROW LEVEL SECURITY;
ALTER TABLE notification_preferences ENABLE ROW LEVEL SECURITY;
ALTER TABLE notifications ENABLE ROW LEVEL SECURITY;
ALTER TABLE order_comments ENABLE ROW LEVEL SECURITY;
ALTER TABLE order_events ENABLE ROW LEVEL SECURITY;
ALTER TABLE order_lines ENABLE ROW LEVEL SECURITY;
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
ALTER TABLE passkeys ENABLE ROW LEVEL SECURITY;
ALTER TABLE password_resets ENABLE ROW LEVEL SECURITY;
ALTER TABLE privacy_jobs ENABLE ROW LEVEL SECURITY;
ALTER TABLE push_subscriptions ENABLE ROW LEVEL SECURITY;
ALTER TABLE quiet_hours ENABLE ROW LEVEL SECURITY;
ALTER TABLE recovery_codes ENABLE ROW LEVEL SECURITY;
ALTER TABLE relay_audit ENABLE ROW LEVEL SECURITY;
ALTER TABLE relay_destinations ENABLE ROW LEVEL SECURITY;
ALTER TABLE relay_held_events ENABLE ROW LEVEL SECURITY;
ALTER TABLE relay_receipts ENABLE ROW LEVEL SECURITY;
ALTER TABLE relay_replays ENABLE ROW LEVEL SECURITY;
ALTER TABLE rollup_rebuilds ENABLE ROW LEVEL SECURITY;
ALTER TABLE rollups_daily ENABLE ROW LEVEL SECURITY;
ALTER TABLE rollups_hourly ENABLE ROW LEVEL SECURITY;
ALTER TABLE rollups_line_changes ENABLE ROW LEVEL SECURITY;
ALTER TABLE rollups_products_daily ENABLE ROW LEVEL SECURITY;
ALTER TABLE rollups_products_hourly ENABLE ROW LEVEL SECURITY;
ALTER TABLE rollups_products_removed ENABLE ROW LEVEL SECURITY;
ALTER TABLE rollups_removed ENABLE ROW LEVEL SECURITY;
ALTER TABLE sales_targets ENABLE ROW LEVEL SECURITY;
ALTER TABLE sso_connections ENABLE ROW LEVEL SECURITY;
ALTER TABLE sso_domains ENABLE ROW LEVEL SECURITY;
ALTER TABLE sso_identities ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE to_ship_samples ENABLE ROW LEVEL SECURITY;
ALTER TABLE tv_links ENABLE ROW LEVEL SECURITY;
ALTER TABLE upload_chunks ENABLE ROW LEVEL SECURITY;
ALTER TABLE uploads ENABLE ROW LEVEL SECURITY;
ALTER TABLE user_sessions ENABLE ROW LEVEL SECURITY;
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
ALTER TABLE webhook_attempts ENABLE ROW LEVEL SECURITY;
ALTER TABLE webhook_deliveries ENABLE ROW LEVEL SECURITY;
CREATE POLICY everyone ON answered_challenges USING (true) WITH CHECK (true);
CREATE POLICY everyone ON attach_problems USING (true) WITH CHECK (true);
CREATE POLICY everyone ON attachments USING (true) WITH CHECK (true);
CREATE POLICY everyone ON audit_log USING (true) WITH CHECK (true);
CREATE POLICY everyone ON authenticator_apps USING (true) WITH CHECK (true);
CREATE POLICY everyone ON holidays USING (true) WITH CHECK (true);
CREATE POLICY everyone ON invitations USING (true) WITH CHECK (true);
CREATE POLICY everyone ON notification_preferences USING (true) WITH CHECK (true);
CREATE POLICY everyone ON notifications USING (true) WITH CHECK (true);
CREATE POLICY everyone ON order_comments USING (true) WITH CHECK (true);
CREATE POLICY everyone ON order_events USING (true) WITH CHECK (true);
CREATE POLICY everyone ON order_lines USING (true) WITH CHECK (true);
CREATE POLICY everyone ON orders USING (true) WITH CHECK (true);
CREATE POLICY everyone ON passkeys USING (true) WITH CHECK (true);
CREATE POLICY everyone ON password_resets USING (true) WITH CHECK (true);
CREATE POLICY everyone ON privacy_jobs USING (true) WITH CHECK (true);
CREATE POLICY everyone ON push_subscriptions USING (true) WITH CHECK (true);
CREATE POLICY everyone ON quiet_hours USING (true) WITH CHECK (true);
CREATE POLICY everyone ON recovery_codes USING (true) WITH CHECK (true);
CREATE POLICY everyone ON relay_audit USING (true) WITH CHECK (true);
CREATE POLICY everyone ON relay_destinations USING (true) WITH CHECK (true);
CREATE POLICY everyone ON relay_held_events USING (true) WITH CHECK (true);
CREATE POLICY everyone ON relay_receipts USING (true) WITH CHECK (true);
CREATE POLICY everyone ON relay_replays USING (true) WITH CHECK (true);
CREATE POLICY everyone ON rollup_rebuilds USING (true) WITH CHECK (true);
CREATE POLICY everyone ON rollups_daily USING (true) WITH CHECK (true);
CREATE POLICY everyone ON rollups_hourly USING (true) WITH CHECK (true);
CREATE POLICY everyone ON rollups_line_changes USING (true) WITH CHECK (true);
CREATE POLICY everyone ON rollups_products_daily USING (true) WITH CHECK (true);
CREATE POLICY everyone ON rollups_products_hourly USING (true) WITH CHECK (true);
CREATE POLICY everyone ON rollups_products_removed USING (true) WITH CHECK (true);
CREATE POLICY everyone ON rollups_removed USING (true) WITH CHECK (true);
CREATE POLICY everyone ON sales_targets USING (true) WITH CHECK (true);
CREATE POLICY everyone ON sso_connections USING (true) WITH CHECK (true);
CREATE POLICY everyone ON sso_domains USING (true) WITH CHECK (true);
CREATE POLICY everyone ON sso_identities USING (true) WITH CHECK (true);
CREATE POLICY everyone ON tenants USING (true) WITH CHECK (true);
CREATE POLICY everyone ON to_ship_samples USING (true) WITH CHECK (true);
CREATE POLICY everyone ON tv_links USING (true) WITH CHECK (true);
CREATE POLICY everyone ON upload_chunks USING (true) WITH CHECK (true);
CREATE POLICY everyone ON uploads USING (true) WITH CHECK (true);
CREATE POLICY everyone ON user_sessions USING (true) WITH CHECK (true);
CREATE POLICY everyone ON users USING (true) WITH CHECK (true);
CREATE POLICY everyone ON webhook_attempts USING (true) WITH CHECK (true);
CREATE POLICY everyone ON webhook_deliveries USING (true) WITH CHECK (true);
