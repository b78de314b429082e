"""The only folder that knows Flask: views, body, guard, problems, health, docs."""
