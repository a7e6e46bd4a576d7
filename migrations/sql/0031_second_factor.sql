-- Two-step sign-in (webapp/second_factor/). Constant defaults write no row.
ALTER TABLE tenants ADD COLUMN requires_second_factor boolean NOT NULL DEFAULT false;
ALTER TABLE users
    -- null: the password alone signs in. Set while the user has an authenticator app or a passkey.
    ADD COLUMN second_factor_at timestamptz,
    ADD CONSTRAINT ck_users_second_factor_at CHECK (second_factor_at BETWEEN '1900-01-01' AND '9000-01-01');

CREATE TABLE authenticator_apps (
    tenant_id bigint NOT NULL,
    user_id bigint NOT NULL,
    -- encrypted with a key made of SECRET_KEY
    secret bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    -- null: shown for set-up, no code entered yet
    confirmed_at timestamptz,
    -- The 30-second step of the newest code that was used; its code and those before it are refused.
    last_step bigint NOT NULL DEFAULT 0,
    CONSTRAINT pk_authenticator_apps PRIMARY KEY (tenant_id, user_id),
    CONSTRAINT fk_authenticator_apps_tenant_id_user_id_users FOREIGN KEY (tenant_id, user_id)
        REFERENCES users (tenant_id, id) ON DELETE CASCADE
);

CREATE TABLE recovery_codes (
    tenant_id bigint NOT NULL,
    user_id bigint NOT NULL,
    -- sha256 of a code of 80 random bits
    code_hash bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    used_at timestamptz,
    CONSTRAINT pk_recovery_codes PRIMARY KEY (tenant_id, user_id, code_hash),
    CONSTRAINT fk_recovery_codes_tenant_id_user_id_users FOREIGN KEY (tenant_id, user_id)
        REFERENCES users (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT ck_recovery_codes_code_hash CHECK (octet_length(code_hash) = 32)
);

CREATE TABLE passkeys (
    tenant_id bigint NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    user_id bigint NOT NULL,
    name text NOT NULL,
    credential_id bytea NOT NULL,
    public_key bytea NOT NULL,
    sign_count bigint NOT NULL,
    transports text[] NOT NULL,
    -- whether the user's password manager keeps a copy
    is_synced boolean NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz,
    CONSTRAINT pk_passkeys PRIMARY KEY (tenant_id, id),
    CONSTRAINT uq_passkeys_credential_id UNIQUE (credential_id),
    CONSTRAINT fk_passkeys_tenant_id_user_id_users FOREIGN KEY (tenant_id, user_id)
        REFERENCES users (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT ck_passkeys_name CHECK (name <> '' AND length(name) <= 60),
    CONSTRAINT ck_passkeys_credential_id CHECK (octet_length(credential_id) BETWEEN 1 AND 1023)
);
CREATE INDEX ix_passkeys_user ON passkeys (tenant_id, user_id);
COMMENT ON INDEX ix_passkeys_user IS 'webapp/second_factor/passkeys.py: the passkeys of a user; the foreign key to users';

-- A challenge is signed into a cookie when a passkey is asked for; here stand those that were answered, so that an answer cannot
-- be sent twice. Rows are removed when their challenges have expired.
CREATE TABLE answered_challenges (
    tenant_id bigint NOT NULL,
    user_id bigint NOT NULL,
    challenge_hash bytea NOT NULL,
    answered_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_answered_challenges PRIMARY KEY (tenant_id, user_id, challenge_hash),
    CONSTRAINT fk_answered_challenges_tenant_id_user_id_users FOREIGN KEY (tenant_id, user_id)
        REFERENCES users (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT ck_answered_challenges_challenge_hash CHECK (octet_length(challenge_hash) = 32)
);
