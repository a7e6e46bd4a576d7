-- A tenant's connection to its identity provider (OpenID Connect).
CREATE TABLE sso_connections (
    tenant_id bigint NOT NULL,
    -- as the provider writes it in its discovery document and in each token
    issuer text NOT NULL,
    client_id text NOT NULL,
    -- encrypted with a key made of SECRET_KEY (webapp/sso/connections.py)
    client_secret bytea NOT NULL,
    -- null: "Sign in with single sign-on"
    button_text text,
    -- [{"claim": "groups", "value": "doorbell-admins", "role": "admin"}]; the highest role of the rules that match applies
    rules jsonb DEFAULT '[]' NOT NULL,
    -- of users whom no rule matches; null: they have no access
    default_role text,
    passwords_off boolean DEFAULT false NOT NULL,
    changed_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_sso_connections PRIMARY KEY (tenant_id),
    CONSTRAINT fk_sso_connections_tenant_id_tenants FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE,
    CONSTRAINT ck_sso_connections_issuer CHECK (issuer <> '' AND length(issuer) <= 500),
    CONSTRAINT ck_sso_connections_client_id CHECK (client_id <> '' AND length(client_id) <= 500),
    CONSTRAINT ck_sso_connections_button_text CHECK (button_text <> '' AND length(button_text) <= 60),
    CONSTRAINT ck_sso_connections_rules CHECK (jsonb_typeof(rules) = 'array'),
    CONSTRAINT ck_sso_connections_default_role CHECK (default_role IN ('viewer', 'sales', 'manager', 'admin'))
);
-- The e-mail domains whose people sign in through the tenant's provider. An operator adds them, because a tenant's admin could
-- claim the domain of another company.
CREATE TABLE sso_domains (
    tenant_id bigint NOT NULL,
    domain text NOT NULL,
    added_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_sso_domains PRIMARY KEY (tenant_id, domain),
    CONSTRAINT uq_sso_domains_domain UNIQUE (domain),
    CONSTRAINT fk_sso_domains_tenant_id_tenants FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE,
    CONSTRAINT ck_sso_domains_domain CHECK (domain = lower(domain) AND domain LIKE '%_._%' AND length(domain) <= 253)
);
-- A user's account at the provider, fixed at the first sign-in: a new owner of the same e-mail address has another subject.
CREATE TABLE sso_identities (
    tenant_id bigint NOT NULL,
    user_id bigint NOT NULL,
    issuer text NOT NULL,
    subject text NOT NULL,
    -- as the provider sent them at the last sign-in: a value that differs was changed there, and is taken over
    name text NOT NULL,
    email text NOT NULL,
    linked_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_sso_identities PRIMARY KEY (tenant_id, user_id),
    CONSTRAINT uq_sso_identities_tenant_id_issuer_subject UNIQUE (tenant_id, issuer, subject),
    CONSTRAINT fk_sso_identities_tenant_id_tenants FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE,
    CONSTRAINT fk_sso_identities_tenant_id_user_id FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT ck_sso_identities_subject CHECK (subject <> '' AND length(subject) <= 255),
    CONSTRAINT ck_sso_identities_name_length CHECK (length(name) <= 500),
    CONSTRAINT ck_sso_identities_email_length CHECK (length(email) <= 320)
);
