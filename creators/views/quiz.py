"""The quiz on advertising rules: nine questions, the reason behind each wrong answer, its source."""

from django import forms
from django.contrib import messages
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from config.lib.http import render_page
from creators import quiz
from creators.access import creator_required


class QuizForm(forms.Form):
    """One choice per question, in the language of the page."""

    def __init__(self, *args, language: str, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.topics = quiz.topics(language)
        for topic in self.topics:
            for question in topic.questions:
                self.fields[question.id] = forms.TypedChoiceField(
                    label=question.text,
                    choices=list(enumerate(question.answers)),
                    coerce=int,
                    widget=forms.RadioSelect,
                    error_messages={"required": gettext_lazy("Choose one of the answers.")},
                )

    def by_topic(self) -> list[tuple[str, list[forms.BoundField]]]:
        return [(topic.name, [self[q.id] for q in topic.questions]) for topic in self.topics]


@creator_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def quiz_page(request):
    """Show the questions; after a failed try, what was wrong and why."""
    creator, now = request.creator, timezone.now()
    form = QuizForm(request.POST or None, language=request.LANGUAGE_CODE[:2])
    missed, opens_at = [], quiz.next_try_at(creator, now)
    if request.method == "POST" and creator.quiz_passed_at is None and form.is_valid():
        try:
            attempt = quiz.answer(creator, form.cleaned_data, now)
        except quiz.TooManyTries as refused:
            opens_at = refused.until
        else:
            if attempt.passed:
                messages.success(request, _("You passed. You know the rules."))
                return redirect("creators:quiz")
            wrong = set(quiz.wrong(form.cleaned_data))
            missed = [q for topic in form.topics for q in topic.questions if q.id in wrong]
            opens_at = quiz.next_try_at(creator, now)
    context = {
        "form": form,
        "missed": missed,
        "opens_at": opens_at,
        "tries": quiz.TRIES,
        "topics": form.topics,
    }
    return render_page(
        request, "creators/quiz.html", context, status=422 if form.errors or missed else 200
    )
