DROP TABLE answered_challenges, passkeys, recovery_codes, authenticator_apps;
ALTER TABLE users DROP COLUMN second_factor_at;
ALTER TABLE tenants DROP COLUMN requires_second_factor;
