"""All cancellations this service has caused, for everyone to read: what, where, when, for which certificate."""
