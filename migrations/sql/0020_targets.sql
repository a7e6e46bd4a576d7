-- The working days of a company as ISO numbers: 1 is Monday, 7 is Sunday.
ALTER TABLE tenants ADD COLUMN working_days smallint[] DEFAULT '{1,2,3,4,5}' NOT NULL;
ALTER TABLE tenants ADD CONSTRAINT ck_tenants_working_days CHECK (working_days <@ '{1,2,3,4,5,6,7}');

-- A target of the team has no owner.
CREATE TABLE sales_targets (
    id bigint GENERATED ALWAYS AS IDENTITY,
    tenant_id bigint NOT NULL,
    owner_id bigint,
    period text NOT NULL,
    amount_minor bigint NOT NULL,
    CONSTRAINT pk_sales_targets PRIMARY KEY (id),
    CONSTRAINT fk_sales_targets_tenant_id_tenants FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE,
    CONSTRAINT fk_sales_targets_tenant_id_owner_id_users FOREIGN KEY (tenant_id, owner_id)
        REFERENCES users (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT ck_sales_targets_period CHECK (period IN ('day', 'week', 'month')),
    CONSTRAINT ck_sales_targets_amount CHECK (amount_minor BETWEEN 1 AND 1000000000000000)
);
CREATE UNIQUE INDEX uq_sales_targets ON sales_targets (tenant_id, COALESCE(owner_id, 0), period);

CREATE TABLE holidays (
    tenant_id bigint NOT NULL,
    day date NOT NULL,
    name text NOT NULL,
    CONSTRAINT pk_holidays PRIMARY KEY (tenant_id, day),
    CONSTRAINT fk_holidays_tenant_id_tenants FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE,
    CONSTRAINT ck_holidays_name CHECK (name <> '' AND length(name) <= 100)
);

-- How many orders were to be shipped at a time. The times of orders cannot tell it later without reading all of them.
CREATE TABLE to_ship_samples (
    tenant_id bigint NOT NULL,
    at timestamptz NOT NULL,
    orders integer NOT NULL,
    CONSTRAINT pk_to_ship_samples PRIMARY KEY (tenant_id, at),
    CONSTRAINT fk_to_ship_samples_tenant_id_tenants FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
);
