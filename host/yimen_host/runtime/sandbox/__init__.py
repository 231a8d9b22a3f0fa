"""The confinement of one release process: layers, what each needs, and the order in which they are applied."""
