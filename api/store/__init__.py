"""What the service keeps: a database (tables in :mod:`api.store.schema`) and content-addressed blobs."""
