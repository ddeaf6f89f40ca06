"""BlenderbotSmall."""
