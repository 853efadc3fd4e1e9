"""The product's settings, with cheap passwords; processes started by tests use them too."""

from billing_ops.settings import *

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
TESTING = True
