-- Viewers read and change nothing; admins are managers who also have the users, the sign-in rules, the audit log, privacy and
-- the relay (webapp/accounts/permissions.py). Existing users keep their role. An operator makes the first admin:
-- flask --app wsgi user role EMAIL admin
ALTER TABLE users
    DROP CONSTRAINT ck_users_role,
    ADD CONSTRAINT ck_users_role CHECK (role IN ('viewer', 'sales', 'manager', 'admin'));
