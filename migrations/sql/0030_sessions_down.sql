DROP TABLE password_resets;
DROP TABLE user_sessions;
