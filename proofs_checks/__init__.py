"""The ledger of the papers' claims. So far: the hypothesis strategies that its searches and the tests draw from."""
