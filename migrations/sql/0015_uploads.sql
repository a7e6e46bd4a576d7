-- Files of orders that managers upload (webapp/uploads/), in chunks of some hundred KB, and the job that checks or imports one.
CREATE TABLE uploads (
    tenant_id bigint NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    name text NOT NULL,
    uploaded_by text NOT NULL,
    size_bytes bigint DEFAULT 0 NOT NULL,
    options jsonb DEFAULT '{}' NOT NULL,
    state text DEFAULT 'uploading' NOT NULL,
    is_dry_run boolean DEFAULT true NOT NULL,
    -- Grows with each job and each change of an option, so that of two clicks on the same page one counts.
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
    CONSTRAINT pk_uploads PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_uploads_tenant_id_tenants FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE,
    CONSTRAINT ck_uploads_name_length CHECK (length(name) <= 255),
    CONSTRAINT ck_uploads_uploaded_by_length CHECK (length(uploaded_by) <= 900),
    CONSTRAINT ck_uploads_state CHECK (state IN ('uploading', 'ready', 'queued', 'running', 'done', 'refused', 'failed', 'cancelled'))
);
CREATE INDEX ix_uploads_jobs ON uploads (queued_at) WHERE state IN ('queued', 'running');
COMMENT ON INDEX ix_uploads_jobs IS 'uploads/jobs.py: the job that waits longest; doctor/uploads.py';

-- `kind` is "file" for the upload itself and "report" for its rejected rows.
CREATE TABLE upload_chunks (
    tenant_id bigint NOT NULL,
    upload_id bigint NOT NULL,
    kind text NOT NULL,
    position integer NOT NULL,
    content bytea NOT NULL,
    CONSTRAINT pk_upload_chunks PRIMARY KEY (tenant_id, upload_id, kind, position),
    CONSTRAINT fk_upload_chunks_tenant_id_upload_id_uploads FOREIGN KEY (tenant_id, upload_id)
        REFERENCES uploads (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT ck_upload_chunks_kind CHECK (kind IN ('file', 'report'))
);
