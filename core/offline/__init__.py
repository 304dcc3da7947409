"""Parts from which a family makes an offline page: markup, style, arithmetic, encoded weights."""
