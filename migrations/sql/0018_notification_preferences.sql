-- Where a user gets notifications of a kind. A user without a row has the defaults of webapp/events/notification_kinds.py.
CREATE TABLE notification_preferences (
    tenant_id bigint NOT NULL,
    user_id bigint NOT NULL,
    kind text NOT NULL,
    toast boolean NOT NULL,
    sound boolean NOT NULL,
    desktop boolean NOT NULL,
    push boolean NOT NULL,
    -- Set while the kind is muted. The channels stay, so that unmuting restores them.
    muted_at timestamptz,
    CONSTRAINT pk_notification_preferences PRIMARY KEY (tenant_id, user_id, kind),
    CONSTRAINT fk_notification_preferences_tenant_id_user_id_users FOREIGN KEY (tenant_id, user_id)
        REFERENCES users (tenant_id, id) ON DELETE CASCADE
);

-- From `starts` to `ends` in the tenant's time zone, over midnight where `ends` is earlier.
CREATE TABLE quiet_hours (
    tenant_id bigint NOT NULL,
    user_id bigint NOT NULL,
    starts time NOT NULL,
    ends time NOT NULL,
    CONSTRAINT pk_quiet_hours PRIMARY KEY (tenant_id, user_id),
    CONSTRAINT fk_quiet_hours_tenant_id_user_id_users FOREIGN KEY (tenant_id, user_id)
        REFERENCES users (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT ck_quiet_hours_length CHECK (starts <> ends)
);
