from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _


class UserManager(BaseUserManager["User"]):
    @classmethod
    def normalize_email(cls, email: str | None) -> str:
        return (email or "").strip().lower()

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=self.normalize_email(username))

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, **({"role": User.Role.OWNER, "is_superuser": True} | fields))


class User(AbstractBaseUser, PermissionsMixin):
    """Someone of the business who signs in, by e-mail."""

    class Role(models.TextChoices):
        OWNER = "owner", _("Owner")
        STAFF = "staff", _("Staff")
        READER = "reader", _("Read-only")

    email = models.EmailField(_("e-mail"), unique=True)
    name = models.CharField(_("name"), max_length=200, blank=True)
    role = models.CharField(_("role"), max_length=10, choices=Role, default=Role.STAFF)
    is_active = models.BooleanField(_("may sign in"), default=True)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [
            models.CheckConstraint(condition=Q(role__in=["owner", "staff", "reader"]), name="user_role_is_known"),
            models.CheckConstraint(condition=Q(email=Lower("email")), name="user_email_is_lower"),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def clean(self) -> None:
        self.email = UserManager.normalize_email(self.email)
        owners = User.objects.filter(role=User.Role.OWNER, is_active=True)
        if not (self.role == User.Role.OWNER and self.is_active) and owners.filter(pk=self.pk).exists() and owners.count() == 1:
            raise ValidationError(_("This is the last owner who may sign in: make someone else an owner first."))

    @property
    def is_owner(self) -> bool:
        return self.is_active and self.role == self.Role.OWNER

    @property
    def may_write(self) -> bool:
        return self.is_active and self.role != self.Role.READER

    @property
    def is_staff(self) -> bool:
        """Whether the admin panel opens: Django's name for it, which is not the role "staff"."""
        return self.is_owner

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """An owner may do everything, the others nothing in the admin panel: there are no finer permissions."""
        return self.is_owner

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_owner
