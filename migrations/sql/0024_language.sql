-- The language of a user's pages, by its ISO 639 code. NULL: the language that the browser asks for. The app has the list of
-- languages, so that a language needs no migration.
ALTER TABLE users ADD COLUMN language text;
-- Only the check of the rows that exist reads the table, and there the column is NULL.
ALTER TABLE users ADD CONSTRAINT ck_users_language CHECK (length(language) <= 3 AND language ~ '^[a-z]+$');
