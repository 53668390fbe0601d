"""The ledger of the papers' claims. So far it holds what searches and tests draw from: hypothesis strategies."""
