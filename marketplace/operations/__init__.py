"""What has stopped and needs a person: seen in one place, and let go on with a reason."""
