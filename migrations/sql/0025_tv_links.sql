-- A screen on a wall reads its tenant's figures by a token in its address (webapp/tv/). Only the token's hash is stored. A revoked
-- link stays for some weeks, so that its TV can show why it is empty.
CREATE TABLE tv_links (
    tenant_id bigint NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    name text NOT NULL,
    -- sha256 of the token, which has 32 random bytes
    token_hash bytea NOT NULL,
    -- in the order of their rotation
    screens text[] NOT NULL,
    screen_seconds smallint DEFAULT 20 NOT NULL,
    theme text DEFAULT 'auto' NOT NULL,
    hides_money boolean DEFAULT false NOT NULL,
    celebrates boolean DEFAULT true NOT NULL,
    -- null: the tenant's
    language text,
    created_by bigint,
    created_at timestamptz DEFAULT now() NOT NULL,
    last_seen_at timestamptz,
    revoked_at timestamptz,
    CONSTRAINT pk_tv_links PRIMARY KEY (tenant_id, id),
    CONSTRAINT uq_tv_links_id UNIQUE (id),
    CONSTRAINT uq_tv_links_token_hash UNIQUE (token_hash),
    CONSTRAINT fk_tv_links_tenant_id_tenants FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE,
    CONSTRAINT fk_tv_links_created_by_users FOREIGN KEY (created_by) REFERENCES users (id) ON DELETE SET NULL,
    CONSTRAINT ck_tv_links_name CHECK (name <> '' AND length(name) <= 60),
    CONSTRAINT ck_tv_links_token_hash CHECK (octet_length(token_hash) = 32),
    CONSTRAINT ck_tv_links_screens CHECK (cardinality(screens) BETWEEN 1 AND 8),
    CONSTRAINT ck_tv_links_screen_seconds CHECK (screen_seconds BETWEEN 5 AND 3600),
    CONSTRAINT ck_tv_links_theme CHECK (theme IN ('light', 'dark', 'auto'))
);
CREATE INDEX ix_tv_links_revoked ON tv_links (revoked_at) WHERE revoked_at IS NOT NULL;
COMMENT ON INDEX ix_tv_links_revoked IS 'streams/revocation.py: links that were revoked in the last minute; their removal';
