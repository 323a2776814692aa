"""Nectar Router: receives Nectar's connection webhooks and routes what they mean to handlers."""
