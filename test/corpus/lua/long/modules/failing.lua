-- Fails while it is loaded.
error({ reason = "on purpose" })
