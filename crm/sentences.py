"""{% translate %} as `{% load i18n regulars %}` has it: each sentence is looked up once in a language. A page prints about a hundred."""

from django.template.base import FilterExpression, Node, Parser, Token
from django.template.context import Context
from django.templatetags import i18n
from django.utils.translation import get_language


class Kept(Node):
    """A sentence that stands in the template itself, in each language in which it was asked for."""

    child_nodelists = ()

    def __init__(self, node: i18n.TranslateNode, name: str | None) -> None:
        self.node, self.name = node, name
        self.words: dict[str | None, str] = {}

    def render(self, context: Context) -> str:
        language = get_language()
        words = self.words.get(language)
        if words is None:
            words = self.words[language] = self.node.render(context)
        if self.name:
            context[self.name] = words
            return ""
        return words


def translate(parser: Parser, token: Token) -> Node:
    node = i18n.do_translate(parser, token)
    if not _is_constant(node.filter_expression) or (node.message_context and not _is_constant(node.message_context)):
        return node
    name, node.asvar = node.asvar, None
    return Kept(node, name)


def _is_constant(expression: FilterExpression) -> bool:
    lookups = getattr(expression.var, "lookups", None)
    return not lookups and not expression.filters
