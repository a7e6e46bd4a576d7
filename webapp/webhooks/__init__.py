"""Building blocks of outgoing webhooks: signatures, permitted addresses, one POST with a deadline, the schedule of retries."""
