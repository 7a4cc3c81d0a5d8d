// SPDX-License-Identifier: Apache-2.0
// The wizard's buttons: on, back, and from any step to the review once what it needs is there.
import { ActionList, ActionListGroup, ActionListItem, Button, useWizardContext, WizardFooterWrapper } from '@patternfly/react-core';
import { t } from '@/strings';

interface Props {
  /** Something in this step is missing or wrong. */
  isNextDisabled: boolean;
  /** Something in any step is. */
  isReviewDisabled: boolean;
}

export function StepFooter({ isNextDisabled, isReviewDisabled }: Props) {
  const { goToNextStep, goToPrevStep, goToStepById, activeStep, close } = useWizardContext();
  const beforeReview = activeStep.id === 'gpu';
  return (
    <WizardFooterWrapper>
      <ActionList>
        <ActionListGroup>
          <ActionListItem>
            <Button variant="secondary" onClick={() => void goToPrevStep()} isDisabled={activeStep.index === 1}>
              {t.app.back}
            </Button>
          </ActionListItem>
          <ActionListItem>
            <Button onClick={() => void goToNextStep()} isDisabled={isNextDisabled}>
              {t.app.next}
            </Button>
          </ActionListItem>
          {!beforeReview && (
            <ActionListItem>
              <Button variant="secondary" onClick={() => goToStepById('review')} isDisabled={isReviewDisabled}>
                {t.wizard.toReview}
              </Button>
            </ActionListItem>
          )}
        </ActionListGroup>
        <ActionListGroup>
          <ActionListItem>
            <Button variant="link" onClick={() => close()}>
              {t.app.cancel}
            </Button>
          </ActionListItem>
        </ActionListGroup>
      </ActionList>
    </WizardFooterWrapper>
  );
}
