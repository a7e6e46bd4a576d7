DROP TABLE audit_log;
DROP TABLE audit_log_cursor;
DROP FUNCTION audit_log_inserting();
DROP FUNCTION audit_log_updating();
DROP FUNCTION audit_log_deleted();
DROP FUNCTION audit_log_truncating();
DROP FUNCTION audit_log_remove_months(integer);
DROP FUNCTION audit_log_erase_person(bigint, bigint, text[]);
DROP FUNCTION audit_log_erase_tenant(bigint);
