"""How algorithms meet environments."""
