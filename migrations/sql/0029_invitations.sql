-- An invitation becomes a user when its link is opened and a password is chosen (webapp/invitations/). Only the token's hash is
-- stored. An invitation that was accepted or revoked stays for some weeks, so that its link can show why it does not work.
CREATE TABLE invitations (
    tenant_id bigint NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    email text NOT NULL,
    -- null: the invited person enters it
    name text,
    role text NOT NULL,
    -- sha256 of the token, which has 32 random bytes
    token_hash bytea NOT NULL,
    -- null: a `flask` command made it, or its user is gone
    created_by bigint,
    created_at timestamptz DEFAULT now() NOT NULL,
    expires_at timestamptz NOT NULL,
    -- when the present link was sent by mail
    mailed_at timestamptz,
    accepted_at timestamptz,
    revoked_at timestamptz,
    CONSTRAINT pk_invitations PRIMARY KEY (tenant_id, id),
    CONSTRAINT uq_invitations_id UNIQUE (id),
    CONSTRAINT uq_invitations_token_hash UNIQUE (token_hash),
    CONSTRAINT fk_invitations_tenant_id_tenants FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE,
    CONSTRAINT fk_invitations_created_by_users FOREIGN KEY (created_by) REFERENCES users (id) ON DELETE SET NULL,
    CONSTRAINT ck_invitations_role CHECK (role IN ('viewer', 'sales', 'manager', 'admin')),
    CONSTRAINT ck_invitations_token_hash CHECK (octet_length(token_hash) = 32),
    CONSTRAINT ck_invitations_email_length CHECK (length(email) <= 320),
    CONSTRAINT ck_invitations_name_length CHECK (length(name) <= 500),
    CONSTRAINT ck_invitations_closed_once CHECK (accepted_at IS NULL OR revoked_at IS NULL)
);
CREATE UNIQUE INDEX uq_invitations_open_email ON invitations (tenant_id, lower(email))
    WHERE accepted_at IS NULL AND revoked_at IS NULL;
COMMENT ON INDEX uq_invitations_open_email IS 'invitations/store.py: one open invitation per address and tenant; the list of open ones';

-- A user who is not an admin any more invites no other: the open invitations of an admin who is disabled or gets another role are
-- revoked, whatever program does that. Otherwise an admin could leave a link behind that makes another admin.
CREATE FUNCTION users_admin_removed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET jit = off AS $$
BEGIN
    UPDATE invitations SET revoked_at = pg_catalog.now()
    WHERE tenant_id = OLD.tenant_id AND created_by = OLD.id AND accepted_at IS NULL AND revoked_at IS NULL;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION users_admin_removed() IS 'Trigger: revokes the open invitations of an admin who is not one any more';

DO $$
DECLARE
    our_schema name;
BEGIN
    SELECT n.nspname INTO our_schema
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = 'users'::regclass;
    REVOKE ALL ON FUNCTION users_admin_removed() FROM PUBLIC;
    EXECUTE pg_catalog.format(
        'ALTER FUNCTION users_admin_removed() SET search_path = pg_catalog, %I, pg_temp', our_schema);
END $$;

CREATE TRIGGER users_admin_removed AFTER UPDATE OF role, disabled_at ON users
    FOR EACH ROW
    WHEN (OLD.role = 'admin' AND OLD.disabled_at IS NULL AND (NEW.role <> 'admin' OR NEW.disabled_at IS NOT NULL))
    EXECUTE FUNCTION users_admin_removed();
