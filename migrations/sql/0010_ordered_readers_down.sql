-- The columns of 0009. The files of 0009 give the function its body, its settings and the comments of then. The events of a diff
-- that is not finished are read again.
ALTER TABLE outbox_readers DROP COLUMN last_id, DROP COLUMN target;
