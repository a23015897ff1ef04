"""How Studiolo looks: colours by their meaning, one style sheet, one icon set."""
