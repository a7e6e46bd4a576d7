DROP FUNCTION refund_moment(text, timestamptz, timestamptz);
