"""Every address. Each asks for a sign-in unless its view says @login_not_required; config/tests/test_access.py lists who gets what."""

from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.urls import path
from django.views.i18n import set_language

from config import views

admin.site.site_header = admin.site.site_title = "Regulars"

urlpatterns = [
    path("", views.home, name="home"),
    path("login/", views.sign_in, name="login"),
    path("logout/", views.sign_out, name="logout"),
    path("language/", login_not_required(set_language), name="set_language"),
    path("healthz", views.healthz, name="healthz"),
    path("admin/login/", views.admin_sign_in),
    path("admin/", admin.site.urls),
]
