"""What tickets say unless the operator says otherwise: templates."""

SUBJECT = "{{ utility }}{% if company %} ({{ company }}){% endif %}: {{ problem }}"

BODY = """\
{{ utility }}: {{ problem }}, since {{ since }}.
{{ advice }}

{% if company %}
* Company: {{ company }}
{% endif %}
* Utility: {{ utility }}
{% if utility_url %}
* Login page: {{ utility_url }}
{% endif %}
{% if sites %}
* Sites: {{ sites | shortened }}
{% endif %}
{% if accounts %}
* Accounts: {{ accounts | shortened }}
{% endif %}
{% if username %}
* User name: {{ username }}
{% endif %}
{% if owner %}
* Owner: {{ owner }}
{% endif %}
* Status: {{ status }}
{% if detail %}
* Nectar says: {{ detail }}
{% endif %}
* Connection: {{ connection_id }}, {{ link }}
{% if reconnect_link %}
* To mend it: {{ reconnect_link }}
{% endif %}
{% if previous %}
* Follows: {{ previous }}
{% endif %}"""

COMMENT = """\
{% if event == "solved" %}
It works again, since {{ since }} ({{ status }}).
{% else %}
{{ "It is broken again" if event == "reopened" else "Now" }}: {{ problem }}, since {{ since }} ({{ status }}).
{{ advice }}
{% if detail %}

Nectar says: {{ detail }}
{% endif %}
{% if reconnect_link %}

To mend it: {{ reconnect_link }}
{% endif %}
{% endif %}"""
