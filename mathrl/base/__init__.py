"""What knows no game: checks of input, compilation, files, JSON, tables, registries, and what a reproduction is."""
