export { accountFeed } from './account-feed.workflow';
export { emergencyStop } from './emergency-stop.workflow';
export { orderLifecycle } from './order-lifecycle.workflow';
export { position } from './position.workflow';
export { reconciliation } from './reconciliation.workflow';
export { riskDesk } from './risk-desk.workflow';
export { strategy } from './strategy.workflow';
export { tradingCycle } from './trading-cycle.workflow';
