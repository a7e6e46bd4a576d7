-- Uploaded files are forgotten; the orders that were imported from them stay.
DROP TABLE upload_chunks, uploads;
