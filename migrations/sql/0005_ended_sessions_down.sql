-- Copies of the cookies of those sessions are valid again until they expire. A new SECRET_KEY ends all sessions at once.
DROP TABLE ended_sessions;
