DROP TABLE sso_identities;
DROP TABLE sso_domains;
DROP TABLE sso_connections;
