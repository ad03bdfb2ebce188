"""The pages that people read: HTML from tables and images, nothing computed that a table does not hold."""
