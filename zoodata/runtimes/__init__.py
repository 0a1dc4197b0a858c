"""How a built model is run and read: one file a runtime, shared by the zoos that use it."""
