"""What knows no game: checks of input, compilation, files, JSON, tables, registries, and reproductions."""
