"""Tables, nothing else. Triggers and functions are in migrations/sql; a test holds models and migrations equal."""

from .models import *
