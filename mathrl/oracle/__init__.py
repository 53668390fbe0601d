"""How far somebody's policy, Q and V are from the exact ones, and the exact targets of critics."""

__all__: list[str] = []
