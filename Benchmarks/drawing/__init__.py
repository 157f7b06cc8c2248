"""Pictures from results: SVG that can be read on light and on dark pages, made without any library."""
