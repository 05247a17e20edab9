"""What pages say of the demo: `{% load demo %}{% demo_job as job %}`."""

from django import template

from crm import demo_jobs

register = template.Library()

register.simple_tag(demo_jobs.latest, name="demo_job")
