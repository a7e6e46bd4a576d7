-- Copies of the cookies of those sessions are good again until they expire: a new SECRET_KEY ends all sessions at once.
DROP TABLE ended_sessions;
