-- Sign-ins that users see and end in the browser. A session is valid while its cookie is, unless it is in `ended_sessions`, was not
-- used for too long, or began before users.sessions_from changed. A cookie of before this table has no row until its next page.
CREATE TABLE user_sessions (
    tenant_id bigint NOT NULL,
    id uuid NOT NULL,
    user_id bigint NOT NULL,
    began_at timestamptz DEFAULT now() NOT NULL,
    -- Written at most once per minute.
    seen_at timestamptz DEFAULT now() NOT NULL,
    ends_at timestamptz NOT NULL,
    -- of the user at the sign-in
    sessions_from timestamptz,
    -- how the user signed in; "" for a cookie of before this table
    method text NOT NULL,
    address text NOT NULL,
    browser text NOT NULL,
    CONSTRAINT pk_user_sessions PRIMARY KEY (tenant_id, id),
    CONSTRAINT uq_user_sessions_id UNIQUE (id),
    -- An administrator may move a user to another tenant by SQL.
    CONSTRAINT fk_user_sessions_tenant_id_user_id_users FOREIGN KEY (tenant_id, user_id)
        REFERENCES users (tenant_id, id) ON UPDATE CASCADE ON DELETE CASCADE,
    CONSTRAINT ck_user_sessions_method_length CHECK (length(method) <= 40),
    CONSTRAINT ck_user_sessions_address_length CHECK (length(address) <= 100),
    CONSTRAINT ck_user_sessions_browser_length CHECK (length(browser) <= 100)
) WITH (fillfactor = 70);
CREATE INDEX ix_user_sessions_user ON user_sessions (tenant_id, user_id);
COMMENT ON INDEX ix_user_sessions_user IS 'accounts/own_sessions.py: the sessions of a user; the foreign key to users';

-- Links for a new password, by mail. One is valid for an hour, once, and while users.sessions_from stays the same.
CREATE TABLE password_resets (
    tenant_id bigint NOT NULL,
    -- sha256 of the token, which has 32 random bytes
    token_hash bytea NOT NULL,
    user_id bigint NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    expires_at timestamptz NOT NULL,
    sessions_from timestamptz,
    CONSTRAINT pk_password_resets PRIMARY KEY (tenant_id, token_hash),
    CONSTRAINT uq_password_resets_token_hash UNIQUE (token_hash),
    CONSTRAINT fk_password_resets_tenant_id_user_id_users FOREIGN KEY (tenant_id, user_id)
        REFERENCES users (tenant_id, id) ON UPDATE CASCADE ON DELETE CASCADE,
    CONSTRAINT ck_password_resets_token_hash CHECK (octet_length(token_hash) = 32)
);
CREATE INDEX ix_password_resets_user ON password_resets (tenant_id, user_id);
COMMENT ON INDEX ix_password_resets_user IS 'accounts/password_reset.py: the links of a user; the foreign key to users';
