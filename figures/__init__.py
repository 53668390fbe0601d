"""The papers' tables and figures, each declared once, recomputed, compared with print, and rendered."""
