-- Sessions that were signed out. They are signed cookies, which the server does not keep: only those that ended have a row,
-- until their cookies would have expired (tasks/sessions.py removes it then).
CREATE TABLE ended_sessions (
    id uuid NOT NULL,
    ended_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    CONSTRAINT pk_ended_sessions PRIMARY KEY (id)
);
