"""From discrepancies to pages: views (plain data), charts (SVG), templates (Jinja), and the MkDocs build."""
