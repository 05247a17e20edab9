"""Every address. Each asks for a sign-in unless its view says @login_not_required; config/tests/test_access.py lists who gets what."""

from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.urls import path
from django.views.i18n import set_language

from config import views
from crm.views import customer, customers, evidence, imports, log, rules
from lifecycle.views import definitions, demo, ladder, lookback, pins, replay, today
from segments.views import pareto, segments

admin.site.site_header = admin.site.site_title = "Regulars"

urlpatterns = [
    path("", today.today, name="home"),
    path("customers/", customers.customers, name="customers"),
    path("customers/by-rule/", customers.by_rule, name="customers_by_rule"),
    path("customers/<int:pk>/", customer.customer, name="customer"),
    path("customers/<int:pk>/log/", log.log_of, name="log_of"),
    path("rules/builder/", rules.builder, name="rule_builder"),
    path("rules/count/", rules.count, name="rule_count"),
    path("customers/<int:pk>/evidence/", evidence.evidence, name="evidence"),
    path("customers/<int:pk>/evidence/again/", evidence.again, name="evidence_again"),
    path("customers/<int:pk>/evidence/<slug:kind>/back/", evidence.take_back, name="evidence_back"),
    path("customers/<int:pk>/stage/", pins.stage, name="stage_by_hand"),
    path("customers/<int:pk>/stage/<slug:ladder>/release/", pins.release, name="release"),
    path("customers/<int:pk>/stage/<slug:ladder>/release/undo/", pins.undo_release, name="undo_release"),
    path("log/", log.log, name="log"),
    path("interactions/<int:pk>/undo/", log.undo, name="undo_log"),
    path("customers/<int:pk>/not-now/", today.not_now, name="not_now"),
    path("customers/<int:pk>/not-now/undo/", today.undo_not_now, name="undo_not_now"),
    path("ladder/", ladder.ladder, name="ladder"),
    path("ladder/moves/", ladder.moves, name="moves"),
    path("settings/ladders/", definitions.ladders, name="ladders"),
    path("settings/ladders/<slug:key>/", definitions.ladder, name="ladder_settings"),
    path("settings/ladders/<slug:key>/ladder/primary/", definitions.primary, name="ladder_primary"),
    path("settings/ladders/<slug:key>/ladder/back/", definitions.back, name="ladder_back"),
    path("settings/ladders/<slug:key>/ladder/order/", definitions.order, name="ladder_order"),
    path("settings/ladders/<slug:key>/ladder/add/", definitions.add, name="stage_add"),
    path("settings/ladders/<slug:key>/<slug:stage>/", definitions.stage, name="stage_settings"),
    path("settings/ladders/<slug:key>/<slug:stage>/leave/", definitions.leave, name="stage_leave"),
    path("ladder/replay/", replay.replay, name="replay"),
    path("look-back/", lookback.look_back, name="look_back"),
    path("look-back/end/", lookback.end, name="look_back_end"),
    path("look-back/progress/", lookback.progress, name="look_back_progress"),
    path("import/", imports.imports, name="import"),
    path("import/<int:pk>/", imports.result, name="import_result"),
    path("import/<int:pk>/progress/", imports.progress, name="import_progress"),
    path("import/<int:pk>/again/", imports.again, name="import_again"),
    path("import/<int:pk>/errors.csv", imports.errors, name="import_errors"),
    path("demo/fill/", demo.fill, name="demo_fill"),
    path("demo/remove/", demo.remove, name="demo_remove"),
    path("demo/progress/", demo.progress, name="demo_progress"),
    path("login/", views.sign_in, name="login"),
    path("login/<slug:token>/", views.sign_in_by_link, name="login_link"),
    path("logout/", views.sign_out, name="logout"),
    path("language/", login_not_required(set_language), name="set_language"),
    path("theme/", views.set_theme, name="set_theme"),
    path("pareto/", pareto.pareto, name="pareto"),
    path("segments/", segments.segments, name="segments"),
    path("segments/new/", segments.new, name="segment_new"),
    path("segments/<int:pk>/", segments.segment, name="segment"),
    path("segments/<int:pk>/moves/", segments.moves, name="segment_moves"),
    path("segments/<int:pk>/put/", segments.put, name="segment_put"),
    path("segments/<int:pk>/put-back/", segments.put_back, name="segment_put_back"),
    path("segments/<int:pk>/duplicate/", segments.duplicate, name="segment_duplicate"),
    path("segments/<int:pk>/delete/", segments.delete, name="segment_delete"),
    path("segments/<int:pk>/restore/", segments.restore, name="segment_restore"),
    path("segments/<int:pk>/members.csv", segments.members, name="segment_members"),
    path("healthz", views.healthz, name="healthz"),
    path("admin/login/", views.admin_sign_in),
    path("admin/", admin.site.urls),
]
