-- Sessions that were signed out. A session is a signed cookie, which the server does not store. Only an ended session has a
-- row, until its cookie would have expired (then tasks/sessions.py deletes it).
CREATE TABLE ended_sessions (
    id uuid NOT NULL,
    ended_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    CONSTRAINT pk_ended_sessions PRIMARY KEY (id)
);
