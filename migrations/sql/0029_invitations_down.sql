DROP TRIGGER users_admin_removed ON users;
DROP FUNCTION users_admin_removed();
DROP TABLE invitations;
