"""What comes in, and how it becomes leads and touchpoints."""
